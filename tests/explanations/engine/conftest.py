"""Sealed children, started once for all tests of a format: each test loads its own file."""

from collections.abc import Callable, Iterator

import pytest

from apps.explanations.engine.running import Child, Children
from apps.explanations.engine.spec import Spec
from tests.explanations.engine import trained

Load = Callable[..., Child]


@pytest.fixture(scope="session")
def children() -> Iterator[Children]:
    kept = Children(request_seconds=30)
    yield kept
    kept.close()


@pytest.fixture
def load(children: Children) -> Load:
    """Load a file into the child of its format."""
    firsts = {
        "xgboost": lambda: trained.xgboost("binary"),
        "lightgbm": lambda: trained.lightgbm("binary"),
        "skops": lambda: trained.skops("RF"),
        "onnx": lambda: trained.onnx("binary"),
    }

    def load(library: str, content: bytes, spec: Spec) -> Child:
        key = f"{library} {spec.method == 'tree_interventional'}"
        first = firsts[library]()
        begin = first.spec if spec.method != "tree_interventional" else with_method(first)
        child = children.get(key, library, begin, lambda: [first.content])
        child.load(spec, lambda: [content])
        return child

    def with_method(first: trained.Trained) -> Spec:
        import msgspec

        return msgspec.structs.replace(first.spec, method="tree_interventional", background=first.rows[:20])

    return load
