"""Guidelines: written in versions, rendered without doing harm, compared line by line."""

import time

import pytest

from apps.accounts.models import Role
from apps.common.errors import ConflictError, DomainError
from apps.common.markdown import to_html
from apps.registry.models import Guideline, ReviewQueue
from apps.registry.services import guidelines
from apps.registry.services.guidelines import Kind, difference, write
from apps.sampling.services.policies import current_document, put_document
from tests.factories import make_member, make_model


@pytest.fixture
def queue() -> ReviewQueue:
    return make_model().queues.get()


@pytest.mark.django_db
def test_a_change_makes_a_new_version_and_the_one_before_stays(queue: ReviewQueue) -> None:
    anna = make_member(queue.model.project, Role.ENGINEER).user
    first = write(queue, text="Say yes.", by=anna)
    second = write(queue, text="Say no.", change=" The answer ", by=anna)
    assert (first.version, second.version, second.change, second.written_by) == (1, 2, "The answer", anna)
    assert queue.guideline == second
    first.refresh_from_db()
    assert first.text == "Say yes."


@pytest.mark.django_db
def test_the_same_text_again_makes_no_version(queue: ReviewQueue) -> None:
    first = write(queue, text="Say yes.\nOr no.", by=None)
    assert write(queue, text="Say yes.\r\nOr no.\r\n", change="Nothing", by=None) == first
    assert Guideline.objects.get().change == ""


@pytest.mark.django_db
def test_queues_count_their_versions_apart(queue: ReviewQueue) -> None:
    other = make_model().queues.get()
    write(queue, text="one", by=None)
    assert write(other, text="one", by=None).version == 1


@pytest.mark.django_db
def test_a_version_that_came_in_between_is_not_replaced_unseen(queue: ReviewQueue) -> None:
    write(queue, text="one", by=None)
    write(queue, text="two", by=None, instead_of=1)
    with pytest.raises(ConflictError):
        write(queue, text="three", by=None, instead_of=1)
    assert queue.guidelines.count() == 2
    assert write(queue, text="three", by=None, instead_of=2).version == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "change", "field"),
    [
        ("", "", "text"),
        (" \n\t", "", "text"),
        ("x" * (guidelines.LONGEST_TEXT + 1), "", "text"),
        ("x", "y" * (guidelines.LONGEST_CHANGE + 1), "change"),
        ("x", "two\nlines", "change"),
    ],
)
def test_what_cannot_be_gone_by_is_refused(queue: ReviewQueue, text: str, change: str, field: str) -> None:
    with pytest.raises(DomainError) as refused:
        write(queue, text=text, change=change, by=None)
    assert refused.value.details["field"] == field
    assert not Guideline.objects.exists()


def test_a_text_may_be_as_long_as_is_said() -> None:
    assert len(to_html("x" * guidelines.LONGEST_TEXT)) > guidelines.LONGEST_TEXT


def test_headings_begin_below_that_of_the_page() -> None:
    html = to_html("# One\n\n## Two\n\n###### Six")
    assert html == "<h2>One</h2>\n<h3>Two</h3>\n<h6>Six</h6>\n"


def test_links_open_beside_the_desk_and_lend_nothing() -> None:
    expected = '<a href="%s" target="_blank" rel="nofollow noopener noreferrer">x</a>'
    for url in (
        "https://example.org/a",
        "http://example.org",
        "mailto:a@example.org",
        "/p/x/",
        "?q=a:b",
        "#a:b",
        "../a",
        "a/b",
    ):
        assert expected % url in to_html(f"[x]({url})"), url


def test_a_table_is_aligned_by_classes_for_styles_are_refused() -> None:
    html = to_html("| a | b | c |\n|---|--:|:-:|\n| 1 | 2 | 3 |")
    assert "style" not in html
    assert '<td class="num">2</td>' in html
    assert '<div class="scroll" tabindex="0"' in html


HARMFUL = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><a xlink:href=javascript:alert(1)>x</a></svg>",
    "<svg/onload=alert(1)//",
    '" hx-get=//x',
    '<div hx-get="//x" hx-trigger="load">',
    "<!--><script>alert(1)</script>-->",
    "<style>*{display:none}</style>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](java&Tab;script:alert(1))",
    "[x](&#1;javascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](data:image/svg+xml,<svg/onload=alert(1)>)",
    "[x](file:///etc/passwd)",
    "[x](blob:https://example.org/1)",
    "<javascript:alert(1)>",
    "<data:text/html,x>",
    "[x][r]\n\n[r]: javascript:alert(1)",
    "![x](data:image/png;base64,AAAA)",
    "![x](javascript:alert(1))",
)


@pytest.mark.parametrize("text", HARMFUL)
def test_what_does_harm_is_text(text: str) -> None:
    html = to_html(text)
    for tag in ("<script", "<img", "<svg", "<style", "<div", "<a ", "<!--"):
        assert tag not in html, html


def test_pictures_are_links_at_most() -> None:
    html = to_html("![x](https://example.org/pixel.png) ![y](/static/favicon.svg)")
    assert "<img" not in html
    assert html.count("<a ") == 2


@pytest.mark.parametrize(
    "text",
    [
        '[x](https://example.org "a\\" onclick=\\"b")',
        '[x](https://example.org/"onclick="b)',
        '```js" onclick="b\nx\n```',
    ],
)
def test_a_quotation_mark_ends_no_attribute(text: str) -> None:
    assert ' onclick="' not in to_html(text)


def test_what_looks_like_a_template_is_text() -> None:
    assert "{{7*7}} {% now %}" in to_html("{{7*7}} {% now %}")


@pytest.mark.parametrize("piece", ["[", "![[", "*a ", "`a", ">", "<", "- ", "|a", "&#", "_a_", "[a](b"])
def test_no_text_takes_long(piece: str) -> None:
    text = (piece * guidelines.LONGEST_TEXT)[: guidelines.LONGEST_TEXT]
    started = time.process_time()
    to_html.__wrapped__(text)
    assert time.process_time() - started < 5


def test_more_brackets_than_people_write_are_left_as_they_are() -> None:
    html = to_html("<b>" + "[x](/y)" * 3_000)
    assert html.startswith("<pre>&lt;b&gt;[x](/y)[x](/y)")


def versions(*texts: str) -> list[Guideline]:
    return [Guideline(version=at, text=text) for at, text in enumerate(texts, 1)]


def test_a_difference_names_what_was_added_and_removed_with_lines_around_it() -> None:
    lines = ["one", "two", "three", "four", "five", "six", "seven"]
    before, after = versions("\n".join(lines), "\n".join([*lines[:3], "FOUR", *lines[4:]]))
    assert [(line.kind, line.text) for line in difference(before, after)] == [
        (Kind.GAP, ""),
        (Kind.SAME, "two"),
        (Kind.SAME, "three"),
        (Kind.REMOVED, "four"),
        (Kind.ADDED, "FOUR"),
        (Kind.SAME, "five"),
        (Kind.SAME, "six"),
        (Kind.GAP, ""),
    ]


def test_a_line_moved_is_taken_out_and_put_in() -> None:
    before, after = versions("a\nb\nc\nd\ne", "b\nc\nd\ne\na")
    said = [(line.kind, line.text) for line in difference(before, after) if line.kind not in (Kind.SAME, Kind.GAP)]
    assert said == [(Kind.REMOVED, "a"), (Kind.ADDED, "a")]


def test_lines_repeated_without_end_are_compared_in_time() -> None:
    before, after = versions("a\n" * 20_000 + "b\n" * 4_000, "b\n" * 4_000 + "a\n" * 20_000)
    started = time.process_time()
    found = difference(before, after)
    assert time.process_time() - started < 5
    assert sum(line.kind == Kind.ADDED for line in found) == sum(line.kind == Kind.REMOVED for line in found)


def test_the_same_text_has_no_difference_to_show() -> None:
    before, after = versions("a\nb\nc\nd\ne", "a\nb\nc\nd\ne")
    assert difference(before, after) == []


@pytest.mark.django_db
def test_the_policies_document_writes_a_version_where_the_text_is_another() -> None:
    model = make_model()
    for text in ("Look **twice**.", "Look **twice**.", "Look once.", ""):
        put_document(model, {"queues": [{"name": "main", "guidelines": text}]})
    (queue,) = current_document(model)["queues"]
    assert queue["guidelines"] == "Look once."
    assert list(Guideline.objects.order_by("version").values_list("version", "text")) == [
        (1, "Look **twice**."),
        (2, "Look once."),
    ]
