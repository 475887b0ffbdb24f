"""Find any prediction: the list of a model's cases, the page of one, and the search of a project."""

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import Membership, Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.common import numerals
from apps.common.errors import NotFoundError
from apps.common.exports import STREAMED, streamed
from apps.explanations.models import Unusual
from apps.predictions.models import Prediction
from apps.registry.models import Incident, MonitoredModel, ReviewQueue
from apps.registry.services.finding import find_model
from apps.review.models import ReviewItem
from apps.review.pages import debug_views, neighbors
from apps.review.pages.cases import fact_groups
from apps.review.pages.finding_forms import CasesForm, SearchForm, SendForm, ViewForm, lists_of
from apps.review.pages.problems import problems_as_messages
from apps.review.pages.reveals import reveal
from apps.review.services import by_features, finding, found_documents, saved_views, targeting
from apps.review.services.finding import Found, Wanted
from apps.review.services.targeting import Sent

PER_PAGE = 50
MOST_FOUND = 20
REPORTS = ("value", "performance", "baseline")
# A shorter text finds no reports: "e" would find all.
LEAST_OF_A_REPORT = 3
# Digits of a key that PostgreSQL can hold, and one more.
LONGEST_KEY = 19
MOST_OTHERS = 20
MOST_COUNTED = 500
FORMATS = {renderer.format: renderer for renderer in STREAMED}


@dataclass(frozen=True)
class Line:
    """A prediction in the list, in words."""

    prediction: Prediction
    said: str
    baseline: str
    differs: bool
    outcome: str
    is_wrong: bool
    state: str
    is_targeted: bool
    # The features that make it unlike the rest, where a list asks for them.
    unusual: str = ""


@require_safe
@member_page(Role.ENGINEER)
def cases_page(request: ProjectRequest, model: str) -> HttpResponse:
    """List the model's predictions, newest first, filtered."""
    found = find_model(request.project, model)
    form = CasesForm(request.GET, model=found)
    page: list[Prediction] = []
    following, after = None, request.GET.get("after", "")
    if form.is_valid():
        rows = finding.select(found, form.wanted, reader=request.user)
        behind = int(after) if after.isdecimal() and len(after) < LONGEST_KEY else None
        where = form.wanted.where
        page, following = finding.page(rows, after=behind, limit=PER_PAGE, reader=request.user, where=where)
    context = {
        "model": found,
        "tab": "cases",
        "form": form,
        "lists": _lists(found, request.GET.get("only", ""), {}),
        "lines": _unusual_lines(found, page, form) or [_line(found, each) for each in finding.describe(found, page)],
        "following": following,
        "is_first": not after,
        "query": form.query,
        "most_read": by_features.MOST_READ,
        "formats": list(FORMATS),
        "views": saved_views.of_person(found, request.user),
        "view_form": ViewForm(),
        "send_form": SendForm(model=found),
    }
    return render(request, "review/cases.html", context, status=200 if form.is_valid() else 400)


@require_safe
@member_page(Role.ENGINEER)
def cases_lists(request: ProjectRequest, model: str) -> HttpResponse:
    """Count the ready-made lists: apart from the page, which does not wait for it."""
    found = find_model(request.project, model)
    counts = {
        key: finding.count_some(finding.select(found, Wanted(**wanted), reader=request.user), most=MOST_COUNTED)
        for key, (_, wanted) in lists_of(found).items()
    }
    context = {"model": found, "lists": _lists(found, request.GET.get("only", ""), counts)}
    return render(request, "review/_case_lists.html", context)


def _lists(model: MonitoredModel, chosen: str, counts: dict[str, int]) -> list[dict[str, Any]]:
    """Return the ready-made lists with their counts, as far as they are known."""
    return [
        {"key": key, "words": words, "count": _at_most(counts.get(key)), "is_open": key == chosen}
        for key, (words, _) in lists_of(model).items()
    ]


def _at_most(count: int | None) -> str:
    return "…" if count is None else numerals.count(count) if count <= MOST_COUNTED else f"{MOST_COUNTED}+"


@require_POST
@member_page(Role.ENGINEER)
def cases_view(request: ProjectRequest, model: str) -> HttpResponse:
    """Keep the filters of the list under a name, or forget those of that name."""
    found = find_model(request.project, model)
    filters, form = CasesForm(request.GET, model=found), ViewForm(request.POST)
    query = filters.query if filters.is_valid() else ""
    if not form.is_valid():
        messages.error(request, "Give the view a name of at most 80 characters.")
    elif form.cleaned_data["act"] == "forget":
        saved_views.forget(found, request.user, name=form.cleaned_data["name"])
    else:
        with problems_as_messages(request):
            saved_views.save(found, request.user, name=form.cleaned_data["name"], query=query)
    address = reverse("cases", args=[request.project.slug, found.slug])
    return redirect(f"{address}?{query}" if query else address)


@require_POST
@member_page(Role.ENGINEER)
def cases_send(request: ProjectRequest, model: str) -> HttpResponse:
    """Send the selected predictions to review."""
    found = find_model(request.project, model)
    filters, form = CasesForm(request.GET, model=found), SendForm(request.POST, model=found)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
    else:
        with problems_as_messages(request):
            keys = [each.pk for each in form.cleaned_data["case"]]
            _tell(request, targeting.send_to_review(form.cleaned_data["queue"], keys, by=request.user))
    return redirect(f"{reverse('cases', args=[request.project.slug, found.slug])}?{filters.query}")


def _tell(request: ProjectRequest, sent: Sent) -> None:
    """Say how many cases were sent, and why the others were not."""
    if sent.sent:
        cases = "1 case waits" if sent.sent == 1 else f"{sent.sent} cases wait"
        messages.success(request, f"{cases} for review. No figure counts what reviewers say of them.")
    for count, why in (
        (sent.in_review, "in review already"),
        (sent.not_drawn_yet, "still to be drawn or passed over by sampling: try again in a minute"),
        (sent.not_kept, "too old: what was sent of it is not kept any more"),
    ):
        if count:
            messages.warning(request, f"{count} not sent: {why}.")


@require_safe
@member_page(Role.ENGINEER)
def cases_file(request: ProjectRequest, model: str, form: str) -> HttpResponseBase:
    """Download the filtered predictions."""
    found = find_model(request.project, model)
    asked = CasesForm(request.GET, model=found)
    if form not in FORMATS:
        raise NotFoundError("There is no such format.")
    if not asked.is_valid():
        # The list says what is wrong.
        return redirect(f"{reverse('cases', args=[request.project.slug, found.slug])}?{asked.query}")
    rows = finding.select(found, asked.wanted, reader=request.user)
    filters, where = {"cases": asked.query}, asked.wanted.where
    chunks = finding.every(found, rows, reader=request.user, filters=filters, where=where)
    described = (found_documents.rows(found, chunk) for chunk in chunks)
    kinds = found_documents.kinds(found)
    return streamed(described, kinds, renderer=FORMATS[form](), name=f"{found.slug}-cases")


def _unusual_lines(model: MonitoredModel, page: list[Prediction], form: CasesForm) -> list[Line]:
    """In a list of what is unlike the rest, say what makes each of its cases so."""
    kind = form.wanted.unusual if form.is_valid() else None
    if kind is None:
        return []
    known = finding.unusual(page)
    return [
        replace(_line(model, each), unusual=_named(model, known.get(each.prediction.pk, []), kind=kind))
        for each in finding.describe(model, page)
    ]


def _named(model: MonitoredModel, found: list[Unusual], *, kind: str) -> str:
    labels = {feature.name: feature.label for feature in model.feature_list}
    return ", ".join(labels.get(name, name) for each in found if each.kind == kind for name in each.features)


def _line(model: MonitoredModel, found: Found) -> Line:
    each = found.prediction
    return Line(
        prediction=each,
        said=model.label(each.predicted),
        baseline="" if each.baseline is None else model.label(each.baseline),
        differs=each.baseline is not None and not model.agrees(each.baseline, each.predicted),
        outcome="" if found.outcome is None else model.label(found.outcome),
        is_wrong=found.outcome is not None and not model.agrees(found.outcome, each.predicted),
        state=_state(model, found),
        is_targeted=found.is_targeted,
    )


def _state(model: MonitoredModel, found: Found) -> str:
    item = found.item
    if item is None:
        return "drawn" if getattr(found.prediction, "draw", None) else ""
    if item.adjudicated is not None:
        return f"settled: {model.label(item.adjudicated)}"
    if found.is_disputed:
        return "disputed"
    waits = "sent to review" if found.is_targeted else "waits for review"
    return waits if item.label is None else f"reviewed: {model.label(item.label)}"


@require_safe
@member_page(Role.ENGINEER)
def prediction_page(request: ProjectRequest, model: str, case: int) -> HttpResponse:
    """Show one prediction, drawn or not: what was sent, its draw, its review, and what became of it."""
    monitored = find_model(request.project, model)
    known = Prediction.objects.filter(model=monitored).select_related("version", "draw__queue")
    found: Prediction = get_or_404(known, pk=case)
    finding.show(found, model=monitored, reader=request.user)
    whole = found_documents.look_up(monitored, found)
    described, sent = whole.found, whole.sent
    shown = _as_item(monitored, described, sent)
    day = found.predicted_at.astimezone(monitored.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    draw = getattr(found, "draw", None)
    unlike = finding.unusual([found]).get(found.pk, [])
    context = debug_views.first_look(request, monitored, found, sent) | {
        "model": monitored,
        "tab": "cases",
        "line": _line(monitored, described),
        "unusual": [
            (words, named)
            for words, wanted in lists_of(monitored).values()
            if (kind := wanted.get("unusual")) and (named := _named(monitored, unlike, kind=kind))
        ],
        "prediction": found,
        "item": described.item,
        "groups": fact_groups(shown),
        "reveal": reveal(shown, whole.contributions),
        "is_kept": sent is not None,
        "latency_ms": getattr(sent, "latency_ms", None),
        "outcomes": [
            (monitored.label(each.outcome), each.occurred_at, each.received_at) for each in reversed(whole.outcomes)
        ],
        "actions": list(reversed(whole.actions)),
        "hold": whole.hold,
        "verdict": monitored.label(whole.hold.answer) if whole.hold and whole.hold.is_answered else "",
        "draw": draw,
        "weight": found.stands_for / draw.counted_probability if draw and draw.counted_probability else None,
        "policies": found_documents.policies(draw) if draw else [],
        "cases": neighbors.nearest(shown, by=request.membership) if sent is not None else [],
        "candidates": neighbors.CANDIDATES,
        "others": _others(monitored, found, by=request.membership),
        "incidents": Incident.objects.filter(
            model=monitored, first_seen_at__lt=day + timedelta(days=1), last_seen_at__gte=day
        ).newest(),
        "send_form": SendForm(model=monitored),
        "raw": json.dumps(found_documents.document(monitored, whole), indent=2, ensure_ascii=False),
    }
    return render(request, "review/prediction.html", context)


def _as_item(model: MonitoredModel, found: Found, sent: Any) -> ReviewItem:
    """Return the item of a drawn prediction; for another one what would be its item, which is not stored."""
    if found.item is not None:
        found.item.prediction = found.prediction
        found.item.queue.model = model
        return found.item
    return ReviewItem(
        prediction=found.prediction,
        queue=ReviewQueue(model=model),
        is_blind=False,
        features=sent.features if sent else {},
        probabilities=sent.probabilities if sent else None,
        attributions=sent.attributions if sent else None,
        attribution_base=sent.attribution_base if sent else None,
        processed=sent.processed if sent else None,
    )


def _others(model: MonitoredModel, found: Prediction, *, by: Membership) -> list[Line]:
    """Return the subject's other predictions, newest first."""
    if not found.subject:
        return []
    rows = finding.select(model, Wanted(subject=found.subject), reader=by.user).exclude(pk=found.pk)
    page, _ = finding.page(rows, after=None, limit=MOST_OTHERS, reader=by.user)
    return [_line(model, each) for each in finding.describe(model, page)]


@dataclass(frozen=True)
class Hit:
    """Something found: what kind it is, what it is called, and where it is."""

    kind: str
    name: str
    about: str
    url: str


@require_safe
@member_page(Role.STAKEHOLDER)
def search(request: ProjectRequest) -> HttpResponse:
    """Find cases by id, and models, reports, queues and people by name. A case that is the only hit opens at once."""
    form = SearchForm(request.GET)
    hits = _hits(request.membership, form.text) if form.text else []
    if len(hits) == 1 and hits[0].kind == "Case":
        return redirect(hits[0].url)
    context = {"text": form.text, "hits": hits, "can_find_cases": request.membership.reaches(Role.ENGINEER)}
    return render(request, "review/search.html", context)


def _hits(member: Membership, text: str) -> list[Hit]:
    project, slug = member.project, member.project.slug
    models = MonitoredModel.objects.in_project(project).order_by("name")
    named = Q(name__icontains=text) | Q(slug__icontains=text)
    hits = []
    if member.reaches(Role.ENGINEER):
        known = Prediction.objects.filter(model__in=models, external_id=text).select_related("model")
        hits += [
            Hit("Case", each.external_id, each.model.name, reverse("prediction", args=[slug, each.model.slug, each.pk]))
            for each in known[:MOST_FOUND]
        ]
    home = reverse("project", args=[slug])
    for each in models.filter(named)[:MOST_FOUND]:
        hits.append(Hit("Model", each.name, each.question, f"{home}#{each.slug}"))
    for kind in [each for each in REPORTS if text.lower() in each and len(text) >= LEAST_OF_A_REPORT]:
        for each in models.active()[:MOST_FOUND]:
            if kind == "performance" or not each.is_regression:
                hits.append(Hit("Report", kind.title(), each.name, reverse("reports", args=[slug, each.slug, kind])))
    if member.reaches(Role.REVIEWER):
        queues = ReviewQueue.objects.in_project(project).filter(named).select_related("model").order_by("name")
        hits += [
            Hit("Queue", each.name, each.model.name, reverse("queue", args=[slug, each.pk]))
            for each in queues[:MOST_FOUND]
        ]
    if member.reaches(Role.OWNER):
        people = Membership.objects.in_project(project).select_related("user")
        people = people.filter(Q(user__name__icontains=text) | Q(user__email__icontains=text)).order_by("user__name")
        members = reverse("members", args=[slug])
        hits += [Hit("Person", each.user.display_name, Role(each.role).label, members) for each in people[:MOST_FOUND]]
    return hits
