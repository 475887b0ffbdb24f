"""Progress of a push: a bar, a callback, or nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

# True shows a bar. A callback gets the number of acknowledged rows and the total, if it is known.
Progress: TypeAlias = bool | Callable[[int, int | None], None]
# Called with the number of acknowledged rows.
Report: TypeAlias = Callable[[int], object]


@contextmanager
def reporting(progress: Progress, *, total: int | None, what: str) -> Iterator[Report]:
    """Yield the function that reports the progress of one push."""
    if callable(progress):
        yield lambda done: progress(done, total)
    elif progress:
        from tqdm import tqdm  # noqa: PLC0415  # an optional dependency

        with tqdm(total=total, desc=what, unit=" rows") as bar:
            yield lambda done: bar.update(done - bar.n)
    else:
        yield lambda _done: None
