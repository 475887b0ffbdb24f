"""Modules that pytest need not import."""

from pathlib import Path

import pytest

# What holds tests of one mark alone is not imported where that mark is left out: most of it takes long.
MARKED = {
    "browser": ("tests/browser",),
    "faults": ("tests/faults",),
    "slow": ("tests/test_answers_as_described.py", "tests/test_generated_client.py"),
}
# Children load these libraries of machine learning. The modules have no doctests.
CHILDREN_ONLY = "apps/explanations/engine/formats"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what the expression of marks leaves out anyway."""
    left_out = {each for mark, paths in MARKED.items() if f"not {mark}" in config.option.markexpr for each in paths}
    return True if any(collection_path == config.rootpath / path for path in left_out | {CHILDREN_ONLY}) else None
