"""The glossary page: every term, a search, and links that lead somewhere."""

import re
from collections import Counter

import pytest
from django.test import Client

from apps.accounts.models import Role
from apps.reports.pages.glossary.search import GROUPS
from tests.factories import make_member, make_project
from tests.reports.stored import make_report, report_model

TERMS = [term for group in GROUPS for term in group.terms]
ANCHORS = Counter([group.anchor for group in GROUPS] + [term.anchor for term in TERMS])
# The words of the product, and those that its pages use about uncertainty.
EXPECTED = {
    "Prediction", "Outcome", "Label", "Draw", "Inclusion probability", "Policy", "Random floor", "Queue", "Case",
    "Item", "Slot", "Lease", "Judgement", "Decision", "Dispute", "Adjudication", "Consensus", "Resolution",
    "Cohort", "Closed days", "Open days", "Maturity", "As of", "Restatement", "Slice", "Baseline", "Value model",
    "95 % range", "Effective sample size", "Response rate", "Preliminary", "Blind", "Known answer",
    "Repeat", "Covered share", "Not estimable", "Drift verdict",
}  # fmt: skip


@pytest.fixture
def reader(db: None) -> Client:
    client = Client()
    client.force_login(make_member(make_project(), Role.STAKEHOLDER).user)
    return client


def test_every_word_of_the_product_is_explained():
    assert {term.name for term in TERMS} >= EXPECTED


def test_every_anchor_leads_to_one_place():
    assert max(ANCHORS.values()) == 1


def test_related_terms_exist():
    assert {name for term in TERMS for name in term.see} <= {term.name for term in TERMS}


def test_the_page_shows_every_term_under_its_anchor(reader: Client):
    page = reader.get("/glossary/").content.decode()
    for term in TERMS:
        assert f'<div id="{term.anchor}">' in page
    assert f"{len(TERMS)} terms" in page


@pytest.mark.parametrize("query", ["restatement", "  RESTATEMENT ", "figure changed earlier"])
def test_a_search_keeps_terms_that_contain_every_word(reader: Client, query: str):
    page = reader.get("/glossary/", {"q": query}).content.decode()
    assert '<div id="restatement">' in page
    assert '<div id="slot">' not in page


def test_a_search_finds_the_other_names_of_a_term(reader: Client):
    assert '<div id="known-answer">' in reader.get("/glossary/", {"q": "gold"}).content.decode()


def test_a_search_without_result_says_so(reader: Client):
    page = reader.get("/glossary/", {"q": "<b>nothing"}).content.decode()
    assert "No term contains “&lt;b&gt;nothing”." in page


def test_the_page_runs_few_queries(reader: Client, django_assert_max_num_queries):
    with django_assert_max_num_queries(3):
        reader.get("/glossary/")


@pytest.mark.django_db
def test_signed_out_people_sign_in_first():
    assert Client().get("/glossary/").status_code == 302


@pytest.mark.django_db
def test_a_report_links_to_the_terms_that_it_uses():
    client, report = Client(), make_report(report_model(), "performance")
    client.force_login(make_member(report.model.project, Role.STAKEHOLDER).user)
    page = client.get(f"/p/{report.model.project.slug}/reports/{report.pk}/").content.decode()
    fragments = set(re.findall(r'href="/glossary/#([^"]+)"', page))
    assert fragments
    assert fragments <= set(ANCHORS)
