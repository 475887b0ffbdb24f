"""Figures by slice, each held against the rest, with the false discovery rate of all of them kept."""

from collections.abc import Iterable

from apps.reports.engine import selection as select
from apps.reports.engine.document import SliceSection
from apps.reports.engine.evidence import Evidence
from apps.reports.engine.figures_of import answer
from apps.reports.engine.protocol import Account
from apps.reports.engine.selection import Selection
from apps.stats.comparison.multiple import by_slice
from apps.stats.estimate import Estimate, missing

MOST = 100
# Expected share of slices said to differ that do not.
FALSE_DISCOVERIES = 0.05


def slice_sections(evidence: Evidence, account: Account, *, whole: Selection) -> tuple[list[SliceSection], int]:
    """The largest slices, and how many are left out: a page with thousands says nothing."""
    found = list(select.slices_of(evidence))
    kept = found
    if len(found) > MOST:
        largest = {id(each) for each in sorted(found, key=lambda each: -each.size)[:MOST]}
        kept = [each for each in found if id(each) in largest]
    q_values = _q_values(account, kept)
    sections = [_section(account, each, q, whole=whole) for each, q in zip(kept, q_values, strict=True)]
    return sections, len(found) - len(kept)


def _q_values(account: Account, slices: Iterable[Selection]) -> list[float | None]:
    """Benjamini and Hochberg's, over all slices of the report; None where there is no test."""
    shares, rests = [], []
    for each in slices:
        shares.append(_share(account, each))
        rests.append(_share(account, each.rest))
    return [test.q_value for test in by_slice(shares, against=rests)]


def _share(account: Account, selection: Selection) -> Estimate:
    found = answer("slice", lambda: account.share(selection) or missing("unsupported_task"))
    # A share of a handful of labels is no match for the test's normal approximation.
    return missing(found.code) if found.code == "preliminary" else found


def _section(account: Account, selection: Selection, q_value: float | None, *, whole: Selection) -> SliceSection:
    return {
        "name": selection.slice_name,
        "value": selection.slice_value,
        "n": int(selection.size),
        "share": selection.size / whole.size if whole.size else 0.0,
        "figures": account.figures(selection),
        "naive": account.naive(selection),
        "q_value": q_value,
        "differs": q_value is not None and q_value < FALSE_DISCOVERIES,
    }
