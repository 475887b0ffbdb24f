"""Turns users' Markdown into safe HTML: no tags, styles or images of theirs, and only harmless links."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

# A known scheme, or an address that cannot have one.
HARMLESS = re.compile(r"(?:https?:|mailto:|[/?#.]|[^:]*\Z)", re.IGNORECASE)
# For each bracket, the parser searches the rest of the text for its partner. No real text has this many.
MOST_BRACKETS = 2_000
# The page's title is the only first-level heading.
LEVELS_DOWN = 1


def _is_harmless(url: str) -> bool:
    return HARMLESS.match(url) is not None


def _link_open(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    # A new tab keeps the desk open.
    tokens[index].attrs |= {"target": "_blank", "rel": "nofollow noopener noreferrer"}
    return self.renderToken(tokens, index, options, env)


def _table_open(*_: Any) -> str:
    return '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>\n'


def _table_close(*_: Any) -> str:
    return "</table></div>\n"


def _parser() -> MarkdownIt:
    parser = MarkdownIt("js-default", {"html": False, "linkify": False, "typographer": False}).disable("image")
    parser.validateLink = _is_harmless  # type: ignore[method-assign]  # how the parser is configured
    parser.add_render_rule("link_open", _link_open)
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    return parser


_markdown = _parser()


@lru_cache(maxsize=64)
def to_html(text: str) -> SafeString:
    """Return the text as HTML, its headings one level down."""
    if text.count("[") > MOST_BRACKETS:
        return format_html("<pre>{}</pre>", text)
    tokens = _markdown.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + LEVELS_DOWN, 6)}"
        # The content security policy forbids inline styles; a class does the same.
        if "right" in str(token.attrs.pop("style", "")):
            token.attrJoin("class", "num")
    html: str = _markdown.renderer.render(tokens, _markdown.options, {})
    return mark_safe(html)  # noqa: S308  # the parser drops HTML and checks links
