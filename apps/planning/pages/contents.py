"""What the pages of the editor show. Loads numpy and scipy.special; views import it when they are called."""

from typing import Any

from apps.planning.models import Draft
from apps.planning.pages.asking import Ask, positive, proposal_of
from apps.planning.pages.condition_form import ConditionForm
from apps.planning.pages.editor import Editor
from apps.planning.pages.results import ResultsSection
from apps.planning.pages.typed import Sent

Context = dict[str, Any]
WIDTH = "2"


def whole(draft: Draft, *, opened: str, offered: str) -> Context:
    """Return all of the page. `offered` is a policy that another page has drafted."""
    editor = Editor(draft, opened=opened)
    return _shared(editor) | {
        "offered": offered,
        "ask": Ask(editor) if editor.has_predictions else None,
        "queues": editor.model.queues.order_by("id"),
        "results": ResultsSection(editor.model),
    }


def changed(draft: Draft, *, opened: str) -> Context:
    """Return what a change of the draft can change on the page."""
    return _shared(Editor(draft, opened=opened))


def proposal(draft: Draft, asked: Sent) -> Context:
    """Return the policies that would tell what is asked, in words."""
    editor = Editor(draft)
    return {"model": editor.model, "proposal": proposal_of(asked, editor)}


def target(draft: Draft, asked: Sent) -> Context:
    """Return until when a figure is as precise as asked."""
    editor = Editor(draft)
    if editor.consequences is None:
        return {"target": None}
    precision = editor.consequences.precision
    names = dict(precision.choices())
    metric = asked.get("metric", "")
    width = positive(asked.get("width", WIDTH))
    lines = precision.targets(metric if metric in names else next(iter(names)), width) if width else []
    return {"target": {"lines": lines}}


def conditions_of(draft: Draft) -> ConditionForm:
    """Return what reads and shows the conditions of this draft's policies."""
    return Editor(draft).conditions


def _shared(editor: Editor) -> Context:
    return {
        "model": editor.model,
        "tab": "sampling",
        "editor": editor,
        "consequences": editor.consequences,
        "problems": editor.field_problems(),
    }
