"""The rates with which a draft would have drawn: as saved where it changes nothing, paced hour by hour for a budget."""

from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apps.planning.models import Replay
from apps.planning.services import replay_pieces, replay_rows
from apps.planning.services.expected import Expectations
from apps.planning.services.recent import Recent
from apps.planning.services.recommending import with_priorities
from apps.planning.services.replay_pieces import Piece
from apps.sampling.models import PolicyKind
from apps.sampling.services import pacing, policies, probabilities
from apps.sampling.services.columns import Floats, Table
from apps.sampling.services.prediction_frames import table_of
from apps.sampling.services.rates import FIRST_FACTOR, RatedPolicy

HOUR = 3_600
EPOCH = pd.Timestamp(0, tz="UTC")
# A budget's first rates come from what was seen in the week before.
WARM_UP = timedelta(days=7)
# What decides how often a policy draws whom: its rank and queue do not.
DRAWING = ("name", "kind", "settings", "condition", "is_on")

Ints = NDArray[np.int64]


class DraftedRates:
    """The policies of a draft by rank, and with which probability each would have drawn."""

    def __init__(self, replay: Replay) -> None:
        self.replay = replay
        self.policies = _rated(replay)
        self._factors: dict[int, Floats] = {}
        self._first_hour = 0

    def at(self, piece: Piece) -> list[RatedPolicy]:
        """Return the policies with the rates and priorities that they had where they drew the same way then."""
        in_force = {each.policy.name: each for each in piece.policies}
        return [
            then if (then := in_force.get(each.policy.name)) and _draws_alike(each, then) else each
            for each in self.policies
        ]

    def probabilities(self, piece: Piece, table: Table, moments: "pd.Series[Any]") -> Floats:
        """Return p_ij of a piece's predictions, shape (policies, rows)."""
        rated = self.at(piece)
        shape = probabilities.shapes(rated, table, model=self.replay.model)
        p = probabilities.matrix(rated, shape)
        places = (self._hours_of(moments) - self._first_hour) // HOUR
        for policy, factors in self._factors.items():
            if rated[policy] is self.policies[policy]:
                p[policy] = np.clip(factors[places] * shape[policy], 0.0, 1.0)
        return p

    def pace(self, *, tell: Callable[[int], None]) -> None:
        """Set the hourly rates of the budgets, each from what came in before its hour. `tell` hears of rows read."""
        paced = self.paced
        if not paced:
            return
        mass = self._masses([self.policies[place] for place in paced], tell=tell)
        self._first_hour = start = self._hour(int(self.replay.start.timestamp()))
        hours = np.arange(min([*mass, start - HOUR]), int(self.replay.end.timestamp()), HOUR, dtype=np.int64)
        came = np.zeros((len(paced), len(hours)))
        for hour, sums in mass.items():
            came[:, (hour - int(hours[0])) // HOUR] = sums
        for policy, row in zip(paced, came, strict=True):
            self._factors[policy] = self._rates(self.policies[policy], hours, row, start=start)

    def _rates(self, rated: RatedPolicy, hours: Ints, came: Floats, *, start: int) -> Floats:
        """Return the rate of each hour of the replay; until anything was seen, the one that a new budget has."""
        seen = np.flatnonzero(came)
        first = int(start - hours[0]) // HOUR
        known = max(first, int(seen[0]) + 1) if len(seen) else len(hours)
        unknown = np.full(min(known, len(hours)) - first, FIRST_FACTOR)
        if known >= len(hours):
            return unknown
        return np.concatenate([unknown, pacing.replayed(rated, hours, came, start=known, zone=self.replay.model.zone)])

    @cached_property
    def paced(self) -> list[int]:
        """The places of the budgets that did not draw the same way through all of the days."""
        timeline = policies.in_force_between(self.replay.model, self.replay.start, self.replay.end)
        ends = [{each.policy.pk: each for each in timeline.at(end)} for end in (self.replay.start, self.replay.end)]
        throughout = [ends[0][key] for key in ends[0].keys() & ends[1].keys()]
        return [
            place
            for place, each in enumerate(self.policies)
            if each.policy.per_day is not None
            and each.policy.is_on
            and not any(_draws_alike(each, then) for then in throughout)
        ]

    def _masses(self, rated: list[RatedPolicy], *, tell: Callable[[int], None]) -> dict[int, Floats]:
        """Return Σ shape of each clock hour of the replay and the week before it, by policy."""
        replay = self.replay
        days = Replay(
            model=replay.model,
            start=replay.start - WARM_UP,
            end=replay.end,
            is_by_prediction=replay.is_by_prediction,
        )
        mass: dict[int, Floats] = {}
        for piece in replay_pieces.pieces(days):
            rows, _ = replay_rows.read(days, piece, policies=rated)
            shape = probabilities.shapes(rated, table_of(rows), model=replay.model)
            hours, place = np.unique(self._hours_of(replay_rows.moments(days, rows)), return_inverse=True)
            sums = np.stack([np.bincount(place, weights=row, minlength=len(hours)) for row in shape], axis=1)
            for hour, row in zip(hours.tolist(), sums, strict=True):
                mass[hour] = mass.get(hour, np.zeros(len(rated))) + row
            tell(piece.rows)
        return mass

    def _hours_of(self, moments: "pd.Series[Any]") -> Ints:
        seconds = (pd.to_datetime(moments, utc=True) - EPOCH) // pd.Timedelta(seconds=1)
        return np.asarray(self._hour(seconds.to_numpy(dtype=np.int64)))

    def _hour(self, seconds: Any) -> Any:
        """Return the start of the clock hour; some zones are half an hour off."""
        offset = self.replay.start.astimezone(self.replay.model.zone).utcoffset() or timedelta()
        shift = int(offset.total_seconds()) % HOUR
        return (seconds + shift) // HOUR * HOUR - shift


def _rated(replay: Replay) -> list[RatedPolicy]:
    rated = policies.rated_document(replay.model, replay.document)
    if not any(each.policy.kind == PolicyKind.RECOMMENDED and each.policy.is_on for each in rated):
        return rated
    return with_priorities(Recent(replay.model), Expectations(replay.model), rated)


def _draws_alike(one: RatedPolicy, other: RatedPolicy) -> bool:
    return all(getattr(one.policy, name) == getattr(other.policy, name) for name in DRAWING)
