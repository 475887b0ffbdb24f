"""Users' Markdown: rendered as people expect, and without harm."""

import time

import pytest

from apps.common.markdown import to_html
from apps.registry.services.guidelines import LONGEST_TEXT


def test_headings_start_one_level_below_the_pages_title() -> None:
    html = to_html("# One\n\n## Two\n\n###### Six")
    assert html == "<h2>One</h2>\n<h3>Two</h3>\n<h6>Six</h6>\n"


def test_links_open_in_a_new_tab_without_a_referrer() -> None:
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


def test_tables_are_aligned_by_classes_because_styles_are_forbidden() -> None:
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
def test_harmful_markup_becomes_text(text: str) -> None:
    html = to_html(text)
    for tag in ("<script", "<img", "<svg", "<style", "<div", "<a ", "<!--"):
        assert tag not in html, html


def test_images_become_links() -> None:
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
def test_a_quotation_mark_does_not_end_an_attribute(text: str) -> None:
    assert ' onclick="' not in to_html(text)


def test_template_syntax_is_text() -> None:
    assert "{{7*7}} {% now %}" in to_html("{{7*7}} {% now %}")


@pytest.mark.slow
@pytest.mark.parametrize("piece", ["[", "![[", "*a ", "`a", ">", "<", "- ", "|a", "&#", "_a_", "[a](b"])
def test_no_text_takes_long_to_render(piece: str) -> None:
    text = (piece * LONGEST_TEXT)[:LONGEST_TEXT]
    started = time.process_time()
    to_html.__wrapped__(text)
    assert time.process_time() - started < 5


def test_text_with_too_many_brackets_is_shown_as_it_is() -> None:
    html = to_html("<b>" + "[x](/y)" * 3_000)
    assert html.startswith("<pre>&lt;b&gt;[x](/y)[x](/y)")
