"""Telling how far a push is: a bar, a function of one's own, or nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

# True for a bar; or a function that is told the rows that are answered and, where it is known, how many there are.
Progress: TypeAlias = bool | Callable[[int, int | None], None]


# What a push tells its rows to, as it goes.
Report: TypeAlias = Callable[[int], object]


@contextmanager
def reporting(progress: Progress, *, total: int | None, what: str) -> Iterator[Report]:
    """The listener that was asked for, for one push."""
    if callable(progress):
        yield lambda done: progress(done, total)
    elif progress:
        from tqdm import tqdm  # noqa: PLC0415  # an extra, needed here only

        with tqdm(total=total, desc=what, unit=" rows") as bar:
            yield lambda done: bar.update(done - bar.n)
    else:
        yield _nobody


def _nobody(_done: int) -> None:
    """Nobody listens."""
