"""The shape of a comparison's document: the engine writes it; pages, API and the wording read it.

Codes where there is no `why`
    no_figure (one side has no figure) · value_model_unit (one value model counts by amount and the other does not, or
    their currencies differ) · not_divisible (no division of the cases is known on both sides)
    for readers below engineer also fewer_than_ten
"""

from typing import Literal, NotRequired, TypedDict

from apps.reports.engine.document import Figures, Names, Part

PartName = Literal["volume", "mix", "right", "value_model"]
DivisionKind = Literal["slice", "score", "class", "level"]


class Moved(TypedDict):
    """A part of a difference, second less first, with its ranges."""

    value: float
    # What the labels leave open; no wider than the value where all is counted.
    low: float
    high: float
    # The same with what chance alone moves between two windows of these sizes.
    chance_low: float
    chance_high: float


class NamedPart(Moved):
    name: PartName  # right: the model at the same mix


class Difference(TypedDict):
    """The difference of one figure, second less first."""

    value: float | None
    low: float | None
    high: float | None
    method: str  # exact, mover, uncorrected, none
    code: str | None  # of the figure that lacks a value, or that is preliminary


class GroupOfCases(TypedDict):
    """One group on both sides, first and second; null: hidden from this reader."""

    value: str  # of the slice, or the class; of score and level the number of the band
    bounds: NotRequired[list[float | None]]  # of a band; null: open
    n: list[int | None]
    share: list[float | None]
    mean: list[float | None]  # of the figure's quantity; null also where a side has no case
    mix: float | None  # what it adds to the parts
    right: float | None


class UnusualDays(TypedDict):
    """The days on which the groups that moved were least like their usual share."""

    side: int  # 0: of the first window
    start: str
    end: str  # half-open
    n: int
    inside: int  # of these, in the groups that moved
    mean: float | None  # of the figure's quantity in the groups that moved, over the whole window


class Cause(TypedDict):
    """The division of the cases by which the difference is explained."""

    kind: DivisionKind
    name: str  # of the slice, else empty
    # Whether its mix moved the figure by more than chance does, among all divisions tried.
    is_beyond_chance: bool
    groups: list[GroupOfCases]
    moved: list[str]  # values of the groups whose share moved most, all up or all down
    share: list[float]  # of these together, first and second
    days: UnusualDays | None


class Tried(TypedDict):
    kind: DivisionKind
    name: str
    mix: float
    right: float


class Why(TypedDict):
    difference: Moved
    parts: list[NamedPart]
    cause: Cause
    tried: list[Tried]


class SideSection(TypedDict):
    start: str  # of the window, half-open
    end: str
    version: str | None  # of the model; null: all
    value_model: int | None
    part: Part  # that the figures are about, as in the report
    first: str  # its days, half-open
    until: str
    n: int
    state: Literal["final", "maturing", "provisional"]
    figures: Figures


class ComparisonDocument(TypedDict):
    version: int
    kind: str
    task: str
    classes: list[str]
    positive_class: str
    names: Names
    currency: str
    metric: str  # that is explained
    sides: list[SideSection]
    shared: int  # predictions that both sides hold
    differences: dict[str, Difference]
    why: Why | None
    # By a division that every reader may see, where the best one is sensitive.
    why_open: NotRequired[Why | None]
    code: str | None
    as_of: str
    seq: int
    time_zone: str
