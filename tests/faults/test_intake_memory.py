"""Several of the largest bodies of each format at once: every web worker stays small enough for a small machine."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.benchmarks.harness import BACKGROUND, Site, running_site
from tests.benchmarks.intake import Form, as_arrow, as_json, as_ndjson, as_parquet, post_all, prepared, rows_of
from tests.faults.processes import children, leader

pytestmark = [pytest.mark.faults, pytest.mark.slow]

LIMIT_MB = 210
AT_ONCE = 4
ROWS = 90_000
# Just below the 16 MiB that a JSON body may have.
JSON_ROWS = 26_000
FORMS = [
    Form("JSON", "application/json", JSON_ROWS, as_json),
    Form("NDJSON", "application/x-ndjson", ROWS, as_ndjson),
    Form("Arrow", "application/vnd.apache.arrow.stream", ROWS, as_arrow),
    Form("Parquet", "application/vnd.apache.parquet", ROWS, as_parquet),
]


def test_web_workers_stay_small_under_the_largest_bodies() -> None:
    with running_site(without=BACKGROUND) as site:
        key = prepared(site)
        # The same rows each time: stored once, and recognized as duplicates after that, which takes more memory.
        rows = rows_of(range(ROWS), prefix="large")
        for form in FORMS:
            body = form.encode(rows[: form.batch])
            with ThreadPoolExecutor(AT_ONCE) as pool:
                for done in [pool.submit(post_all, site.base_url, key, form, [body]) for _ in range(AT_ONCE)]:
                    done.result()
            assert max(_peaks(site)) < LIMIT_MB, form.name


def _peaks(site: Site) -> list[int]:
    """Return the peak memory of each web worker, MB."""
    workers = children(leader(site, "web"))
    assert workers
    return [_peak(worker) for worker in workers]


def _peak(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) // 1024
