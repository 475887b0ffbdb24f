"""`python -m apps.demo`: run the demo with real data. It ends when the reports are done."""

import logging
import os
from datetime import UTC, datetime
from pathlib import Path

from apps.demo.services.state import StateFile
from apps.demo.services.walk import Walk, new_steps


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  # the demo reports to the terminal


def main() -> None:
    base_url = os.environ.get("COUNTERSIGN_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    now = datetime.now(UTC).replace(microsecond=0)
    state = StateFile(Path(os.environ["COUNTERSIGN_DEMO_STATE"]), steps=new_steps(), now=now)
    Walk(state, base_url=base_url, say=say).run()


if __name__ == "__main__":
    main()
