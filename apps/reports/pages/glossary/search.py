"""All terms of the glossary, in the order of the work, and a search through them."""

from dataclasses import replace

from apps.reports.pages.glossary.figures import CERTAINTY, MEASURES, REPORTS
from apps.reports.pages.glossary.terms import Group
from apps.reports.pages.glossary.work import DRAWING, INTAKE, REVIEW, TRUTH

GROUPS = (INTAKE, DRAWING, REVIEW, TRUTH, REPORTS, CERTAINTY, MEASURES)


def matching(query: str) -> list[Group]:
    """Return the groups with the terms that contain every word of the query; an empty query matches all.

    >>> [term.name for group in matching("random floor") for term in group.terms]
    ['Random floor']
    """
    words = query.casefold().split()
    groups = [replace(group, terms=tuple(term for term in group.terms if term.contains(words))) for group in GROUPS]
    return [group for group in groups if group.terms]
