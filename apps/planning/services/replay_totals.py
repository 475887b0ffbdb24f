"""What a replay found, added up piece by piece."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from apps.stats.intervals import wilson_interval

# So many cases of each list are kept, at random.
LISTED = 200
WIDTH = 1.96


@dataclass
class Listed:
    """Cases at random: those with the smallest of random numbers, whatever the order in which they come."""

    rng: np.random.Generator
    found: list[tuple[float, int, str]] = field(default_factory=list)

    def add(self, keys: pd.Series, policies: pd.Series) -> None:
        numbers = self.rng.random(len(keys))
        fresh = zip(numbers.tolist(), keys.tolist(), policies.tolist(), strict=True)
        self.found = sorted([*self.found, *fresh])[:LISTED]

    @property
    def document(self) -> list[dict[str, Any]]:
        return [{"id": key, "policy": policy} for _, key, policy in self.found]


class Totals:
    """Adds frames of `replay_frames.compare` up to the result of a replay."""

    def __init__(self, *, seed: int) -> None:
        self._rows = self._left_out = 0
        self._counts: Counter[str] = Counter()
        self._days: dict[str, Counter[str]] = {}
        self._policies: dict[str, Counter[str]] = {"added": Counter(), "gone": Counter()}
        self._queues: dict[str, dict[str, Counter[str]]] = {}
        self._gain = self._variance = 0.0
        # The same for every attempt: a list does not change because a worker was killed.
        self._lists = {name: Listed(np.random.default_rng([seed, place])) for place, name in enumerate(LISTS)}

    def add(self, frame: pd.DataFrame, left_out: int) -> None:
        """Add a piece."""
        was, would, again = frame["was"], frame["would"], frame["again"]
        parts = {"kept": was & would, "added": would & ~was, "gone": was & ~would}
        self._rows += len(frame)
        self._left_out += left_out
        self._counts.update(drawn=int(was.sum()), given_back=int((was & again).sum()), unlike=int((was != again).sum()))
        for name, part in parts.items():
            for day, n in frame.loc[part, "day"].value_counts().items():
                self._days.setdefault(str(day), Counter())[name] += int(n)
        for name, policy in (("added", "would_policy"), ("gone", "was_policy")):
            self._policies[name].update(frame.loc[parts[name], policy].value_counts().to_dict())
            self._lists[name].add(frame.loc[parts[name], "id"], frame.loc[parts[name], policy])
        for name, drawn, queue in (("before", was, "was_queue"), ("after", would, "would_queue")):
            for slug, day in zip(frame.loc[drawn, queue], frame.loc[drawn, "day"], strict=True):
                self._queues.setdefault(slug, {}).setdefault(str(day), Counter())[name] += 1
        self._count_outcomes(frame, parts["added"])
        gain = (frame["draft_share"] - frame["saved_share"]).to_numpy(dtype=np.float64)
        # With one number for both, a prediction comes or goes, with the difference as its probability.
        self._gain += float(gain.sum())
        self._variance += float((np.abs(gain) - gain**2).sum())

    def _count_outcomes(self, frame: pd.DataFrame, added: pd.Series) -> None:
        known, wrong = frame["is_known"], frame["is_wrong"]
        self._counts.update(
            known=int(known.sum()),
            wrong=int(wrong.sum()),
            added_known=int((known & added).sum()),
            added_wrong=int((wrong & added).sum()),
        )

    @property
    def document(self) -> dict[str, Any]:
        """The result as it is stored."""
        spread = WIDTH * self._variance**0.5
        return {
            "rows": self._rows,
            "left_out": self._left_out,
            **{name: self._counts[name] for name in COUNTED},
            "days": {day: dict(self._days[day]) for day in sorted(self._days)},
            "policies": {name: dict(counts.most_common()) for name, counts in self._policies.items()},
            "queues": self._queues,
            "gain": {"expected": self._gain, "low": self._gain - spread, "high": self._gain + spread},
            "wrong_range": self._wrong_range(),
            **{name: each.document for name, each in self._lists.items()},
        }

    def _wrong_range(self) -> list[float] | None:
        known = self._counts["added_known"]
        return list(wilson_interval(self._counts["added_wrong"], known)) if known else None


LISTS = ("added", "gone")
COUNTED = ("drawn", "given_back", "unlike", "known", "wrong", "added_known", "added_wrong")
