"""Every code and every method that a report can hold has its words: read from the source, so that none is forgotten."""

import ast
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from apps.reports.engine import caveats
from apps.reports.engine.document import Figure
from apps.reports.pages.caveat_wording import CAVEATS
from apps.reports.pages.figures import BESIDE, METHODS, MISSING, SHORT_METHODS, reason
from apps.reports.services import visible
from apps.stats.estimators.confusion import FORMULAS, Confusion, undefined

APPS = Path(caveats.__file__).parents[2]
ENGINE = sorted((APPS / "reports" / "engine").glob("*.py"))
STATS = [
    APPS / "stats" / name
    for name in ("estimate.py", "intervals.py", "comparison/baseline.py", "comparison/above_average.py")
]
ESTIMATORS = [*STATS, *sorted((APPS / "stats" / "estimators").glob("*.py")), *ENGINE]
# What a code is compared with, or never stored: an uncorrected figure has a value and a number of labels alone.
NO_CODES, NO_METHODS = {"exact"}, {"uncorrected"}


def nodes_of(paths: list[Path]) -> Iterator[ast.AST]:
    for path in paths:
        yield from ast.walk(ast.parse(path.read_text()))


def strings_in(node: ast.AST) -> set[str]:
    """Collect the strings that the expression may become."""
    if isinstance(node, ast.IfExp):
        return strings_in(node.body) | strings_in(node.orelse)
    if isinstance(node, ast.BoolOp):
        return {each for part in node.values for each in strings_in(part)}
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value else set()


def codes_in(node: ast.AST) -> set[str]:
    """Collect what is given to `missing`, named `code`, or returned where a function says why."""
    if isinstance(node, ast.Call):
        given = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
        called = [node.func, *node.args] if ast.unparse(node.func) == "partial" else [node.func, *node.args[:1]]
        names = [ast.unparse(each) for each in called]
        given += [each for each in node.args if "missing" in names]
        return {code for each in given for code in strings_in(each)}
    if isinstance(node, ast.Assign) and any(ast.unparse(target) == "code" for target in node.targets):
        return strings_in(node.value)
    if isinstance(node, ast.FunctionDef) and node.returns and ast.unparse(node.returns) == "str | None":
        returned = [each.value for each in ast.walk(node) if isinstance(each, ast.Return) and each.value]
        return {code for each in returned for code in strings_in(each)}
    return set()


def methods_in(node: ast.AST) -> set[str]:
    """Collect the method of every interval or estimate that is made."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Estimate", "Interval") and len(node.args) > 3:
        return strings_in(node.args[3])
    if isinstance(node, ast.Assign) and any(ast.unparse(target) == "method" for target in node.targets):
        return strings_in(node.value)
    return set()


CODES = sorted({code for node in nodes_of(ESTIMATORS) for code in codes_in(node)} - NO_CODES)
USED_METHODS = sorted({method for node in nodes_of(ESTIMATORS) for method in methods_in(node)} - NO_METHODS)


def test_the_source_is_read():
    assert {"no_labels", "preliminary", "boundary", "not_estimable", "outcomes_missing", "failed"} <= set(CODES)
    assert {"logit-mod", "log-mod", "wilson-mod", "plain-mod", "exact", "wilson", "range"} <= set(USED_METHODS)


@pytest.mark.parametrize("code", [*CODES, visible.HIDDEN])
def test_every_code_of_the_engine_has_words(code: str) -> None:
    assert code in {*MISSING, *BESIDE, "preliminary"}


def test_every_margin_that_a_metric_may_lack_has_words() -> None:
    tables = [Confusion(*map(float, counts)) for counts in product((0, 3), repeat=4)]
    codes = {undefined(metric, table) for metric, table in product(FORMULAS, tables)} - {None}
    assert len(codes) > 3
    assert codes <= set(MISSING)


@pytest.mark.parametrize("method", USED_METHODS)
def test_every_method_has_words_and_short_ones(method: str) -> None:
    assert method in METHODS
    assert method in SHORT_METHODS


def test_every_caveat_of_the_engine_has_a_sentence_and_none_is_left_over() -> None:
    calls = [node for node in nodes_of(ENGINE) if isinstance(node, ast.Call) and node.args]
    codes = {code for call in calls if ast.unparse(call.func) == "_caveat" for code in strings_in(call.args[0])}
    assert codes | {"sensitive_hidden", "small_hidden"} == set(CAVEATS)


def test_a_code_reads_as_words_without_its_underscores() -> None:
    figure: Figure = {
        "value": None, "low": None, "high": None, "method": "none", "n": 0, "n_eff": None, "outcomes": 0, "reviews": 0,
        "response_rate": None, "outcome_share": None, "covered_share": None, "code": None,
    }  # fmt: skip
    assert not [code for code in CODES if "_" in reason({**figure, "code": code})]
