"""`python -m tests.benchmarks NAME [arguments]`: what `./run.sh bench` calls.

A benchmark is a module here with `def run(arguments: list[str]) -> dict[str, float | int | str]`: it starts
what it needs with `harness.running_site`, prints a small table with `harness.print_table`, a raw baseline of
the same run among its rows, and returns the figures. They are printed as the last line, one JSON object.
"""

import importlib
import json
import sys
from pathlib import Path

NOT_BENCHMARKS = {"__init__", "__main__", "harness", "simulated_team"}


def main(arguments: list[str]) -> int:
    known = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in NOT_BENCHMARKS)
    if not arguments or arguments[0] not in known:
        print(f"usage: ./run.sh bench NAME, where NAME is one of: {', '.join(known)}", file=sys.stderr)
        return 2
    name, *rest = arguments
    figures = importlib.import_module(f"tests.benchmarks.{name}").run(rest)
    print(json.dumps({"bench": name, **figures}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
