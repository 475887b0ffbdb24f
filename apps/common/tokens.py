"""The design tokens where CSS variables do not reach: in charts that stand outside a page, in print and mail."""

import re
from functools import cache

from django.conf import settings
from django.template.loader import render_to_string

from apps.common.charts import Plot

STYLES = settings.BASE_DIR / "static" / "css"
COLOR = re.compile(r"--([a-z0-9-]+):\s*(#[0-9a-fA-F]{6})\s*;")
PLOT_RULE = re.compile(r"^\.plot[^{]*\{[^}]*\}", re.MULTILINE)
VARIABLE = re.compile(r"var\(--([a-z0-9-]+)\)")
DARK_BLOCK = "prefers-color-scheme: dark"


@cache
def light_colors() -> dict[str, str]:
    """The colors of the light scheme by the names of their tokens."""
    light, _, _ = (STYLES / "tokens.css").read_text(encoding="utf-8").partition(DARK_BLOCK)
    return dict(COLOR.findall(light))


def standalone_svg(plot: Plot, *, title: str, description: str, font: str, ground: str) -> str:
    """A chart as a document of its own: its colors in it, on this ground and in this font."""
    context = {"plot": plot, "title": title, "description": description, "style": _style(font, ground)}
    return render_to_string("components/charts/_plot.svg", context).strip()


@cache
def _style(font: str, ground: str) -> str:
    values = light_colors() | {"font": f"'{font}'", "ground": ground}
    rules = PLOT_RULE.findall((STYLES / "charts.css").read_text(encoding="utf-8"))
    return "\n".join(VARIABLE.sub(lambda name: values[name[1]], rule) for rule in rules)
