"""The answers of simulated reviewers: mostly right, less often where the case is close."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from apps.demo.services.rows import class_of, uniform

# Together, an error rate of 6 % over the drawn cases, which are closer than most.
ERROR_WHEN_CLEAR = 0.02
ERROR_ADDED_WHEN_CLOSE = 0.06
SKIPPED = 0.01
UNDECIDED = 0.008
COMMENTED = 0.06
# Shares of the judgements that differ from the model: changed after the reveal, more often where the model is right and
# a second look finds the mistake; and disputed with a reason.
SWAYED_RIGHTLY = 0.45
SWAYED_WRONGLY = 0.08
DISPUTED = 0.12
# The share of settled cases that become precedents.
KEPT_AS_PRECEDENT = 0.2

NOTES_WHEN_CLOSE = ("Close call.", "Could be either; age and education decided.", "Not sure without the occupation.")
NOTES_WHEN_CLEAR = ("Clear from age and education.", "Typical case.")


@dataclass(frozen=True)
class Case:
    """A case as the simulation knows it: the truth and the model's score."""

    id: str
    is_employed: bool
    score: float

    @property
    def closeness(self) -> float:
        """Return 0 for a score of 0 or 1, and 1 for a score of 0.5."""
        return 4 * self.score * (1 - self.score)

    @property
    def truth(self) -> str:
        return class_of(self.is_employed)


@dataclass(frozen=True)
class SimulatedReviewer:
    """One simulated reviewer, who gives the same answer to the same case at every start."""

    name: str

    def error_rate(self, case: Case) -> float:
        return ERROR_WHEN_CLEAR + ERROR_ADDED_WHEN_CLOSE * case.closeness

    def is_wrong(self, case: Case) -> bool:
        return self._chance("judgement", case) < self.error_rate(case)

    def passes(self, case: Case, *, now: datetime) -> dict[str, Any] | None:
        """Return a decision without a label for the few cases that get one, else None."""
        chance = self._chance("pass", case)
        if chance < SKIPPED:
            return {"verdict": "skip", "note": "Not a case for me."}
        if chance < SKIPPED + UNDECIDED:
            return {"verdict": "cannot_tell", "until": (now + timedelta(days=5)).isoformat()}
        return None

    def judgement(self, case: Case) -> dict[str, Any]:
        """Return the first answer, given before the prediction is shown."""
        return {
            "value": class_of(case.is_employed != self.is_wrong(case)),
            "certainty": self._certainty(case),
            "active_ms": self._active_ms("judgement", case, shortest=4_000, longest=38_000),
        }

    def decision(self, case: Case, *, predicted: str, dispute_reasons: list[str]) -> dict[str, Any]:
        """Return the decision after the reveal: agree, keep the first answer, dispute it, or be swayed."""
        first = self.judgement(case)["value"]
        body: dict[str, Any] = {
            "certainty": self._certainty(case),
            "active_ms": self._active_ms("decision", case, shortest=900, longest=9_000),
        }
        if (note := self._note(case)) is not None:
            body["note"] = note
        chance = self._chance("after", case)
        swayed = SWAYED_RIGHTLY if predicted == case.truth else SWAYED_WRONGLY
        if first == predicted or chance < swayed:
            return body | {"verdict": "agree"}
        if chance < swayed + DISPUTED and dispute_reasons:
            return body | {"verdict": "dispute", "value": first, "reasons": dispute_reasons[:1]}
        return body | {"verdict": "correct", "value": first}

    def _certainty(self, case: Case) -> int:
        """Return 1 to 3, lower where the case is close."""
        doubt = case.closeness * 0.6 + self._chance("certainty", case) * 0.4
        return 3 if doubt < 0.45 else 2 if doubt < 0.8 else 1

    def _note(self, case: Case) -> str | None:
        chance = self._chance("note", case) / COMMENTED
        if chance >= 1:
            return None
        notes = NOTES_WHEN_CLOSE if case.closeness > 0.7 else NOTES_WHEN_CLEAR
        return notes[int(chance * len(notes))]

    def _active_ms(self, what: str, case: Case, *, shortest: int, longest: int) -> int:
        return int(shortest + (longest - shortest) * self._chance(f"{what} time", case) ** 2)

    def _chance(self, what: str, case: Case) -> float:
        return uniform(what, self.name, case.id)


def adjudication(case: Case, *, predicted: str) -> dict[str, Any]:
    """Return the adjudicator's decision, which is always right. Some settled cases are kept as precedents."""
    decision: dict[str, Any] = {
        "certainty": 3,
        "active_ms": int(5_000 + 20_000 * uniform("settle", case.id)),
        "precedent": uniform("precedent", case.id) < KEPT_AS_PRECEDENT,
    }
    if case.truth == predicted:
        return decision | {"verdict": "agree"}
    return decision | {"verdict": "correct", "value": case.truth}
