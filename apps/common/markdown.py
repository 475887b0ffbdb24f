"""Markdown that somebody wrote → HTML that a page may show: no tags, styles or pictures, no addresses that do harm."""

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

# An address of a known scheme, or one that can have no scheme.
HARMLESS = re.compile(r"(?:https?:|mailto:|[/?#.]|[^:]*\Z)", re.IGNORECASE)
# Each bracket is looked for its partner to the end of the text; no text for people has so many.
MOST_BRACKETS = 2_000
# The page has the first level to itself.
LEVELS_DOWN = 1


def _is_harmless(url: str) -> bool:
    return HARMLESS.match(url) is not None


def _link_open(self: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
    # The desk stays open behind it.
    tokens[at].attrs |= {"target": "_blank", "rel": "nofollow noopener noreferrer"}
    return self.renderToken(tokens, at, options, env)


def _table_open(*_: Any) -> str:
    return '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>\n'


def _table_close(*_: Any) -> str:
    return "</table></div>\n"


def _parser() -> MarkdownIt:
    parser = MarkdownIt("js-default", {"html": False, "linkify": False, "typographer": False}).disable("image")
    parser.validateLink = _is_harmless  # type: ignore[method-assign]  # the parser's own way to be told
    parser.add_render_rule("link_open", _link_open)
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    return parser


_markdown = _parser()


@lru_cache(maxsize=64)
def to_html(text: str) -> SafeString:
    """The text as HTML, its headings below that of the page."""
    if text.count("[") > MOST_BRACKETS:
        return format_html("<pre>{}</pre>", text)
    tokens = _markdown.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + LEVELS_DOWN, 6)}"
        # The content policy takes no style of an element's own; a class says the same.
        if "right" in str(token.attrs.pop("style", "")):
            token.attrJoin("class", "num")
    html: str = _markdown.renderer.render(tokens, _markdown.options, {})
    return mark_safe(html)  # noqa: S308  # the parser lets no HTML through and knows the links that are harmless
