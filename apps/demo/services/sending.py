"""Send predictions and outcomes in chunks over a few connections. Confirmed chunks are never sent again."""

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from apps.demo.services.dataset import People
from apps.demo.services.rows import CHUNK, chunks, due_outcomes, predictions
from apps.demo.services.state import StateFile
from countersign import Model

if TYPE_CHECKING:
    from apps.demo.services.scoring import Scorer

CONNECTIONS = 2
# Outcomes that become known while the demo is stopped are sent at a later start, at most once a day.
CATCH_UP = timedelta(days=1)


def send_predictions(model: Model, state: StateFile, scorer: "Scorer") -> None:
    """Send all production rows with the model's predictions."""
    people = scorer.people

    def sender(number: int, part: range) -> Callable[[], None]:
        latency = _latency(state, number, part, scorer)
        rows = predictions(people, scorer.score(part), part, now=state.progress.now, latency_ms=latency)

        def send() -> None:
            model.push_predictions(rows, run=f"demo-predictions-{number}").raise_for_rejected()
            state.confirm("predictions", number, rows=len(part))

        return send

    state.begin("predictions", total=len(people), unit="predictions")
    confirmed = state.confirmed("predictions")
    numbered = enumerate(chunks(len(people)))
    _send_all(sender(number, part) for number, part in numbered if number not in confirmed)
    state.finish("predictions")


def send_outcomes(model: Model, state: StateFile, people: People) -> None:
    """Send the outcomes known at the demo's `now`; the newest predictions have none yet."""
    rows = due_outcomes(people, now=state.progress.now, after=None, until=state.progress.now)
    state.begin("outcomes", total=len(rows), unit="outcomes")
    _send_outcomes(model, state, rows, until=state.progress.now)
    state.finish("outcomes")


def send_later_outcomes(model: Model, state: StateFile, people: People, *, today: datetime) -> int:
    """Send the outcomes that became known since the demo last ran. Returns how many."""
    progress = state.progress
    after = progress.delivered_until
    if after is None or (progress.delivering_until is None and today - after < CATCH_UP):
        return 0
    # Complete an interrupted delivery with its original end.
    until = progress.delivering_until or today
    rows = due_outcomes(people, now=progress.now, after=after, until=until)
    _send_outcomes(model, state, rows, until=until)
    return len(rows)


def _send_outcomes(model: Model, state: StateFile, rows: list[dict[str, str]], *, until: datetime) -> None:
    state.begin_delivery(until)

    def sender(number: int, part: range) -> Callable[[], None]:
        def send() -> None:
            run = f"demo-outcomes-{until:%Y%m%dT%H%M%S}-{number}"
            model.push_outcomes(rows[part.start : part.stop], run=run).raise_for_rejected()
            state.confirm("outcomes", number, rows=len(part))

        return send

    confirmed = state.confirmed("outcomes")
    numbered = enumerate(chunks(len(rows), size=4 * CHUNK))
    _send_all(sender(number, part) for number, part in numbered if number not in confirmed)
    state.finish_delivery()


def _latency(state: StateFile, number: int, part: range, scorer: "Scorer") -> float:
    """Measure the chunk's latency once: a chunk sent again must be identical."""
    stored = state.progress.latencies.get(number)
    if stored is not None:
        return stored
    measured = scorer.measure_latency(part.start)
    with state.change() as progress:
        progress.latencies[number] = measured
    return measured


def _send_all(sends: Iterable[Callable[[], None]]) -> None:
    """Run the sends on a few threads, preparing the next one meanwhile. The first error stops them."""
    pending: set[Future[Any]] = set()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for send in sends:
            pending.add(pool.submit(send))
            if len(pending) > CONNECTIONS:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
        for future in pending:
            future.result()
