"""The page *Sampling*: what people review, what it costs, and how precise figures will be."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.common import strict_json
from apps.common.errors import ConflictError, DomainError
from apps.common.strict_json import StrictJSONError
from apps.planning.models import Draft
from apps.planning.pages.json_form import DocumentForm
from apps.planning.pages.policy_form import read_policy
from apps.planning.pages.typed import Sent, rate
from apps.planning.services import drafts, editing, trees
from apps.registry.services.finding import find_model
from apps.sampling.services import policies, validation

LONGEST_REASON = 500


@require_safe
@member_page(Role.ENGINEER)
def sampling_page(request: ProjectRequest, model: str) -> HttpResponse:
    """Show the person's draft, or what is in force where there is none."""
    monitored = find_model(request.project, model)
    # Loads numpy and scipy.special, which few requests need.
    from apps.planning.pages import contents  # noqa: PLC0415  # see above

    draft, opened = drafts.draft_of(monitored, request.user), request.GET.get("open", "")
    context = contents.whole(draft, opened=opened, offered=_offered(request.GET.get("draft", "")))
    return render(request, "planning/editor.html", context)


@require_POST
@member_page(Role.ENGINEER)
def sampling_edit(request: ProjectRequest, model: str) -> HttpResponse:
    """Change the draft. Nothing is drawn by it until it is saved."""
    monitored = find_model(request.project, model)
    draft = drafts.draft_of(monitored, request.user)
    document, opened = _changed(Sent(request.POST), draft)
    draft = drafts.keep(draft, document)
    if not request.headers.get("HX-Request"):
        return redirect(_address(request, monitored.slug, opened))
    from apps.planning.pages import contents  # noqa: PLC0415  # as above

    is_typing = request.headers.get("HX-Target") == "consequences"
    template = "planning/_typed.html" if is_typing else "planning/_edited.html"
    return render(request, template, contents.changed(draft, opened=opened))


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.ENGINEER)
def sampling_json(request: ProjectRequest, model: str) -> HttpResponse:
    """Show the draft as the document of the API, to be edited as text."""
    monitored = find_model(request.project, model)
    draft = drafts.draft_of(monitored, request.user)
    form = DocumentForm.showing(draft.document, model=monitored)
    if request.method == "POST":
        form = DocumentForm(request.POST, model=monitored)
        if form.is_valid():
            drafts.keep(draft, {**draft.document, **form.cleaned_data["document"]})
            return redirect("sampling", request.project.slug, monitored.slug)
    context = {"model": monitored, "tab": "sampling", "form": form}
    return render(request, "planning/json.html", context, status=400 if form.errors else 200)


@require_safe
@member_page(Role.ENGINEER)
def sampling_proposal(request: ProjectRequest, model: str) -> HttpResponse:
    """Say which policies would tell what somebody wants to know, and what they cost."""
    monitored = find_model(request.project, model)
    from apps.planning.pages import contents  # noqa: PLC0415  # as above

    context = contents.proposal(drafts.draft_of(monitored, request.user), Sent(request.GET))
    return render(request, "planning/_proposal.html", context)


@require_POST
@member_page(Role.ENGINEER)
def sampling_save(request: ProjectRequest, model: str) -> HttpResponse:
    """Put the draft in force, or propose it where a second person has to agree."""
    monitored = find_model(request.project, model)
    draft = drafts.draft_of(monitored, request.user)
    try:
        is_in_force = drafts.save(draft, reason=request.POST.get("reason", "").strip()[:LONGEST_REASON])
    except ConflictError:
        messages.error(request, "Somebody else changed the sampling meanwhile. Compare, then save again.")
    except DomainError as error:
        messages.error(request, f"Not saved. {error.message}")
    else:
        done = "Saved. The changes apply to predictions received from now on."
        messages.success(request, done if is_in_force else "Proposed. It counts once somebody else has agreed.")
    return redirect("sampling", request.project.slug, monitored.slug)


@require_POST
@member_page(Role.ENGINEER)
def sampling_discard(request: ProjectRequest, model: str) -> HttpResponse:
    monitored = find_model(request.project, model)
    drafts.discard(drafts.draft_of(monitored, request.user))
    messages.success(request, "The draft is thrown away.")
    return redirect("sampling", request.project.slug, monitored.slug)


@require_POST
@member_page(Role.ENGINEER)
def sampling_rebase(request: ProjectRequest, model: str) -> HttpResponse:
    """Keep the draft, as a change of what is in force now."""
    monitored = find_model(request.project, model)
    drafts.rebase(drafts.draft_of(monitored, request.user))
    return redirect("sampling", request.project.slug, monitored.slug)


@require_POST
@member_page(Role.ENGINEER)
def sampling_answer(request: ProjectRequest, model: str, draft: int) -> HttpResponse:
    """Agree to what somebody proposes, or send it back."""
    monitored = find_model(request.project, model)
    proposed: Draft = get_or_404(Draft.objects.filter(model=monitored).proposed(), pk=draft)
    if "agree" in request.POST:
        drafts.agree(proposed, by=request.user)
        messages.success(request, "In force for predictions received from now on.")
    else:
        drafts.send_back(proposed)
        messages.success(request, f"Sent back to {proposed.owner}.")
    return redirect("sampling", request.project.slug, monitored.slug)


@require_POST
@member_page(Role.OWNER)
def sampling_agreement(request: ProjectRequest, model: str) -> HttpResponse:
    """Set whether a second person has to agree to changes."""
    monitored = find_model(request.project, model)
    drafts.ask_for_two(monitored, is_asked=request.POST.get("is_asked") == "on", by=request.membership)
    return redirect("sampling", request.project.slug, monitored.slug)


@require_safe
@member_page(Role.ENGINEER)
def sampling_target(request: ProjectRequest, model: str) -> HttpResponse:
    """Say until when a figure is as precise as asked for."""
    monitored = find_model(request.project, model)
    from apps.planning.pages import contents  # noqa: PLC0415  # as above

    context = contents.target(drafts.draft_of(monitored, request.user), Sent(request.GET))
    return render(request, "planning/_target.html", context)


def _changed(data: Sent, draft: Draft) -> tuple[editing.Document, str]:
    """Make the change that a form asks for. Returns the document, and which policy is open then."""
    act = "remove" if "remove" in data else data.get("act", "")
    if act in _OPENING:
        return _OPENING[act](data, draft)
    document = _CHANGES[act](data, draft) if act in _CHANGES else draft.document
    return document, data.get("open", "")


def _put(data: Sent, draft: Draft) -> tuple[editing.Document, str]:
    """Read the open policy, and make the change of its form that a button asks for."""
    before = editing.find(draft.document, data.get("name_was", ""))
    from apps.planning.pages import contents  # noqa: PLC0415  # as above

    conditions = contents.conditions_of(draft)
    policy = read_policy(data, before, conditions, draft.model)
    verb, _, place = data.get("do", "").partition(":")
    group = trees.group_of(policy.get("condition"))
    if verb == "condition":
        trees.add(group, place, conditions.blank(f"{place}.n"))
    elif verb == "group":
        trees.add(group, place, trees.Group(f"{place}.n", "any", [conditions.blank(f"{place}.n.0")]))
    elif verb == "remove":
        trees.remove(group, place)
    if verb in ("condition", "group", "remove"):
        policy.pop("condition", None)
        if tree := trees.tree_of(group):
            policy["condition"] = tree
    elif verb == "band":
        policy["bands"] = [*policy.get("bands", []), {"low": "", "high": "", "rate": ""}]
    elif verb == "unband" and place.isdecimal():
        policy["bands"] = [each for index, each in enumerate(policy.get("bands", [])) if index != int(place)]
    opened = "" if verb == "done" else policy["name"]
    return editing.replace(draft.document, before["name"], policy), opened


def _offered(text: str) -> str:
    """Return the drafted policy of a link, if it is one, so that a broken link shows what is in force."""
    try:
        return text if text and isinstance(strict_json.loads(text.encode()), dict) else ""
    except StrictJSONError:
        return ""


def _offered_policy(text: str) -> editing.Policy:
    policy = strict_json.loads(_offered(text).encode() or b"{}")
    if not isinstance(policy, dict) or policy.get("kind") not in editing.STARTS:
        raise DomainError("This draft of a policy cannot be read.", code="unreadable_draft")
    return policy


def _proposed(text: str, draft: Draft) -> editing.Document:
    try:
        document = strict_json.loads(text.encode())
    except StrictJSONError as error:
        raise DomainError("This proposal cannot be read.", code="unreadable_draft") from error
    return {**draft.document, **validation.validated(document, model=draft.model)}


def _address(request: ProjectRequest, model: str, opened: str) -> str:
    query = QueryDict(mutable=True)
    if opened:
        query["open"] = opened
    address = reverse("sampling", args=[request.project.slug, model])
    return f"{address}?{query.urlencode()}" if query else address


def _named(data: Sent) -> str:
    return data.get("name_was", data.get("name", ""))


# Changes after which a certain policy is open, and all others.
_OPENING: dict[str, Callable[[Sent, Draft], tuple[editing.Document, str]]] = {
    "put": _put,
    "add": lambda data, draft: editing.add(
        draft.document, editing.started(data.get("kind", ""), queue=policies.main_queue(draft.model).slug)
    ),
    "take": lambda data, draft: editing.add(draft.document, _offered_policy(data.get("policy", ""))),
}
_CHANGES: dict[str, Callable[[Sent, Draft], editing.Document]] = {
    "propose": lambda data, draft: _proposed(data.get("document", ""), draft),
    "remove": lambda data, draft: editing.remove(draft.document, _named(data)),
    "up": lambda data, draft: editing.move(draft.document, _named(data), by=-1),
    "down": lambda data, draft: editing.move(draft.document, _named(data), by=1),
    "switch": lambda data, draft: editing.switch(draft.document, _named(data)),
    "floor": lambda data, draft: editing.with_floor(draft.document, rate(data.get("floor", ""))),
}
