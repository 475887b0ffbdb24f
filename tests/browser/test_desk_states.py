"""The desk in each of its states: reload, back button, double click and second tab lose and double nothing."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Error, Page, Request, expect

from apps.accounts.models import Role, User
from apps.registry.models import ReviewQueue
from apps.review.models import Decision
from apps.sampling.services import policies
from tests.browser.test_desk import SitDown, agree, counted, make_desk, path, sent
from tests.browser.test_review import case_of, settle, submit
from tests.factories import make_member, make_model
from tests.review.factories import answer, claim, decide, judge, make_items, make_queue, reviewers
from tests.review.planted import PLANTED

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HEADINGS = {
    "judge": "Your judgement",
    "compare": "The model disagrees",
    "decide": "Your decision",
    "settle": "Settle this case",
    "amend": "Change your answer",
}
# How to answer the case in each state.
KEYS = {"judge": "1", "compare": "c", "decide": "a", "settle": "1", "amend": "1"}
Enter = Callable[[str], ReviewQueue]


@pytest.fixture
def enter(page: Page, sign_in: Callable[[Page, User], None]) -> Enter:
    """Sit down at a desk in this state, with one more case to come."""

    def go(phase: str) -> ReviewQueue:
        queue = disagreed() if phase == "settle" else make_desk(3, blind=phase in ("judge", "compare"))
        role = Role.ADJUDICATOR if phase == "settle" else Role.REVIEWER
        sign_in(page, make_member(queue.model.project, role).user)
        page.goto(path(queue))
        settle(page)
        if phase == "compare":
            page.keyboard.press("1")
            submit(page)
        elif phase == "amend":
            agree(page)
            sent(page)
            page.keyboard.press("Control+z")
        expect(page.get_by_role("heading", name=HEADINGS[phase])).to_be_visible()
        settle(page)
        return queue

    return go


def disagreed() -> ReviewQueue:
    """Two cases on which two people disagree."""
    queue = make_queue(blind=False, overlap=2)
    make_items(queue, 2, **PLANTED)
    ben, eva = reviewers(queue, 2)
    for _ in range(2):
        answer(queue, ben, "no")
        answer(queue, eva, "yes")
    return queue


def again(page: Page, act: Callable[[], object]) -> None:
    """Load the page again."""
    act()
    settle(page)


def away_and_back(page: Page) -> None:
    page.goto("about:blank")
    page.go_back()


@pytest.mark.parametrize("phase", ["decide", "settle"])
def test_reload_and_back_button_keep_the_case_and_the_typed_text(page: Page, enter: Enter, phase: str) -> None:
    enter(phase)
    before, case, note = Decision.objects.count(), case_of(page), page.get_by_label("Note")
    note.fill("not sent yet")
    for act in (page.reload, lambda: away_and_back(page)):
        again(page, act)
        assert case_of(page) == case
        expect(page.get_by_role("heading", name=HEADINGS[phase])).to_be_visible()
        expect(note).to_have_value("not sent yet")
    assert Decision.objects.count() == before


def test_a_reload_while_changing_an_answer_leaves_it_unchanged(page: Page, enter: Enter) -> None:
    enter("amend")
    first = case_of(page)
    page.keyboard.press("1")
    for act in (page.reload, lambda: away_and_back(page)):
        again(page, act)
        expect(page.get_by_role("heading", name="Your decision")).to_be_visible()
        assert case_of(page) != first
    page.keyboard.press("Control+z")
    expect(page.get_by_role("heading", name="Change your answer")).to_be_visible()
    assert case_of(page) == first
    assert counted() == {first: 1}


def test_reload_and_back_button_show_an_empty_queue_again(page: Page, sit_down: SitDown) -> None:
    sit_down(make_desk(1, blind=False))
    case = agree(page)
    sent(page)
    for act in (page.reload, lambda: away_and_back(page)):
        again(page, act)
        expect(page.get_by_role("heading", name="Nothing to review")).to_be_visible()
    assert counted() == {case: 1}


def test_reload_and_back_button_without_a_network_lose_no_answer(
    page: Page, context: BrowserContext, sit_down: SitDown
) -> None:
    queue = make_desk(5, blind=False, prefetch=5)
    sit_down(queue)
    context.set_offline(True)
    cases = [agree(page), agree(page)]
    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
        page.reload()
    context.set_offline(False)
    again(page, lambda: page.goto(path(queue)))
    sent(page)
    assert case_of(page) not in cases
    again(page, lambda: away_and_back(page))
    assert case_of(page) not in cases
    assert counted() == dict.fromkeys(cases, 1)


@pytest.mark.parametrize("phase", ["compare", "decide", "settle", "amend"])
def test_a_double_click_answers_no_other_case(page: Page, enter: Enter, phase: str) -> None:
    enter(phase)
    before, case = Decision.objects.count(), case_of(page)
    page.keyboard.press(KEYS[phase])
    page.locator(".answer button[type=submit].primary").dblclick()
    expect(page.get_by_text(case, exact=True)).to_have_count(0)
    settle(page)
    sent(page)
    expect(page.locator("[name=choice]:checked")).to_have_count(0)
    assert Decision.objects.count() == before + 1
    assert Decision.objects.latest("id").item.prediction.external_id == case


def test_with_a_blind_case_in_two_tabs_the_first_judgement_stands(
    page: Page, context: BrowserContext, enter: Enter
) -> None:
    queue = enter("judge")
    case = case_of(page)
    other = context.new_page()
    other.goto(path(queue))
    settle(other)
    page.keyboard.press("1")
    submit(page)
    expect(page.get_by_text("Keep: ")).to_be_visible()
    # The other tab may have shown the reveal, so its answer is no longer a first answer.
    other.locator("[name=choice][value='class:1']").check()
    submit(other)
    assert [d.value for d in Decision.objects.filter(is_judgement=True)] == [0.0]
    assert set(counted()) <= {case}
    assert set(counted().values()) <= {1}


@pytest.mark.parametrize("phase", ["compare", "settle", "amend"])
def test_with_two_tabs_in_one_state_one_answer_counts(
    page: Page, context: BrowserContext, enter: Enter, phase: str
) -> None:
    queue = enter(phase)
    before, case = Decision.objects.count(), case_of(page)
    other = context.new_page()
    other.goto(path(queue))
    settle(other)
    if phase == "amend":
        other.keyboard.press("Control+z")
    expect(other.get_by_role("heading", name=HEADINGS[phase])).to_be_visible()
    settle(other)
    assert case_of(other) == case
    for tab in (page, other):
        tab.keyboard.press(KEYS[phase])
        submit(tab)
    assert Decision.objects.count() == before + 1
    assert Decision.objects.latest("id").item.prediction.external_id == case


def test_tabs_and_fragments_reveal_nothing_of_a_case_before_its_judgement(page: Page, sit_down: SitDown) -> None:
    """Not the page, a tab, a heartbeat, an answer or going back; nor what another reviewer said."""
    queue, planted = planted_about_one_subject()
    said: list[tuple[str, str]] = []

    def note(request: Request) -> None:
        response = request.response()
        if response is not None and response.status == 200 and "/static/" not in request.url:
            said.append((request.url, response.text()))

    page.on("requestfinished", note)
    sit_down(queue)
    first = case_of(page)
    (second,) = set(planted) - {first}
    look_beside(page)
    assert told(page, said, ["What pushed", *planted[first], *planted[second]]) == []
    # From here on the first case may show: it is judged, answered and reopened. The second may not.
    page.get_by_label("Your number").last.fill("500")
    submit(page)
    expect(page.get_by_text("Keep: ")).to_be_visible()
    assert planted[first][0] in {text for _, text in told(page, said, planted[first])}
    submit(page, "Enter")
    expect(page.get_by_text(second, exact=True)).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.get_by_role("heading", name="Change your answer")).to_be_visible()
    settle(page)
    page.get_by_role("button", name="Keep it as it is").click()
    expect(page.get_by_text(second, exact=True)).to_be_visible()
    settle(page)
    look_beside(page)
    assert told(page, said, planted[second]) == []
    asked = {url.rstrip("/").rpartition("/")[2] for url, _ in said}
    assert {"answer", "back", "history", "similar", "precedents"} < asked


def planted_about_one_subject() -> tuple[ReviewQueue, dict[str, list[str]]]:
    """Two blind cases that another person answered, and for each the texts that would give something away."""
    rules = {"task": "regression", "classes": [], "positive_class": "", "class_labels": {}}
    model = make_model(**rules, prediction_range=[0.0, 1_000.0])
    policies.put_document(model, {"floor": 1.0, "queues": [{"name": "main", "overlap": 2}]})
    queue = model.queues.get()
    (ben,) = reviewers(queue, 1)
    planted = {}
    for n in (1, 2):
        pushes = {"attributions": {"age": 310.5 + n, "sex": -1.0}, "attribution_base": 430.75}
        figures = {"prediction": 740.25 + n, "baseline": 650.75 + n, **pushes}
        (item,) = make_items(model, subject="anna", score=None, probabilities=None, **figures)
        slot = claim(queue, ben)
        judge(slot, ben, 860.5 + n)
        decide(slot, ben, "correct", value=860.5 + n, note=f"Noted by Ben, {n}")
        figures_told = [f"{740.25 + n}", f"{650.75 + n}", f"{310.5 + n}", f"{860.5 + n}"]
        planted[item.prediction.external_id] = [*figures_told, f"Noted by Ben, {n}"]
    return queue, planted


def look_beside(page: Page) -> None:
    """Open every tab beside the case, and send a heartbeat."""
    for tab in ("History", "Similar", "Precedents"):
        with page.expect_response(re.compile(f"/{tab.lower()}/")):
            page.get_by_role("tab", name=re.compile(tab)).click()
    with page.expect_response(re.compile("/heartbeat/")):
        page.evaluate(
            """async () => {
              const { beat } = await import("/static/js/desk/heartbeat.js");
              await beat(document.getElementById("answer"));
            }"""
        )
    page.get_by_role("tab", name=re.compile("Case|Features")).click()


def told(page: Page, said: list[tuple[str, str]], planted: list[str]) -> list[tuple[str, str]]:
    """Find the planted texts in responses, on the page and in the browser's storage."""
    here = [("page", page.content()), ("store", page.evaluate("JSON.stringify(localStorage)"))]
    return [(where, text) for where, body in [*said, *here] for text in planted if text in body]
