"""Questions, mentions and disputes that wait for somebody."""

from itertools import groupby

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.models import Membership, Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.predictions.services.sightings import Place
from apps.registry.services.finding import find_model
from apps.review import services
from apps.review.models import Dispute, Question, Slot
from apps.review.pages import case_answers
from apps.review.pages.cases import fact_groups
from apps.review.pages.disputes import followed
from apps.review.pages.forms import TextForm
from apps.review.services import sight
from apps.review.services.masking import hidden_features

PER_PAGE = 50
SHOWN = ("slot__item__prediction", "slot__item__queue__model__project", "asked_by", "asked_of", "answered_by")


@require_safe
@member_page(Role.REVIEWER, is_work=True)
def questions(request: ProjectRequest) -> HttpResponse:
    """Show questions and mentions that wait for this person, and their own questions."""
    member = request.membership
    known = Question.objects.in_project(request.project).select_related(*SHOWN)
    # What others say of a case is not shown to those who have yet to judge it.
    awaited = Slot.objects.in_project(request.project).filter(reviewer=request.user).to_judge_blind()
    others = known.exclude(slot__item__prediction__in=awaited.values("item__prediction"))
    mine = others.for_member(request.user, may_adjudicate=member.reaches(Role.ADJUDICATOR))
    context = {
        "open": mine.open().order_by("id")[:PER_PAGE],
        "answered": mine.filter(answered_by=request.user).order_by("-answered_at")[:PER_PAGE],
        "asked": known.filter(asked_by=request.user).order_by("-id")[:PER_PAGE],
        "mentions": case_answers.open_mentions(member),
    }
    return render(request, "review/questions.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.REVIEWER, is_work=True)
def question(request: ProjectRequest, question: int) -> HttpResponse:
    """Show a case and the question about it, without the prediction: the asker still judges it blind."""
    known = Question.objects.in_project(request.project).select_related(*SHOWN)
    found: Question = get_or_404(known, pk=question)
    services.check_may_answer(found, by=request.membership)
    sight.check_not_awaited(found.slot.item, by=request.membership)
    form = TextForm(request.POST or None)
    if form.is_valid():
        services.answer_question(found, by=request.membership, text=form.cleaned_data["text"])
        return redirect("questions", request.project.slug)
    item = found.slot.item
    # The question may tell what its asker thinks.
    sight.note([item], by=request.membership, place=Place.QUESTION)
    context = {
        "question": found,
        "item": item,
        "model": item.model,
        "tab": "reviews",
        "groups": fact_groups(item, hidden=hidden_features(item, by=request.membership)),
        "form": form,
    }
    return render(request, "review/question.html", context, status=400 if form.is_bound else 200)


@require_safe
@member_page(Role.REVIEWER)
def disputes(request: ProjectRequest, model: str) -> HttpResponse:
    """Show the disputes of a model and whom they wait for; to a reviewer, their own."""
    found = find_model(request.project, model)
    member = request.membership
    known = Dispute.objects.filter(item__queue__model=found).select_related(
        "item__prediction", "item__queue__model", "decision__reviewer", "replied_by"
    )
    sees_all = member.reads(Role.ADJUDICATOR)
    if not sees_all:
        known = known.filter(decision__reviewer=request.user)
    is_open = request.GET.get("state") != "settled"
    chosen = known.open().order_by("id") if is_open else known.exclude(pk__in=known.open()).order_by("-id")
    awaited = sight.awaited_from(request.user, found).values("item__prediction")
    page = Paginator(chosen.exclude(item__prediction__in=awaited), PER_PAGE).get_page(request.GET.get("page"))
    for is_settled, lines in groupby(page.object_list, key=lambda each: each.item.adjudicated is not None):
        place = Place.LIST if sees_all or is_settled else Place.OWN
        sight.note([each.item for each in lines], by=member, place=place)
    context = {
        "model": found,
        "tab": "reviews",
        "lines": followed(page.object_list, by=member),
        "page": page,
        "is_open": is_open,
        "sees_all": sees_all,
        "is_engineer": member.reaches(Role.ENGINEER),
    }
    return render(request, "review/disputes.html", context)


@require_safe
@member_page(Role.OWNER)
def open_work(request: ProjectRequest, member: int) -> HttpResponse:
    """Say what goes back to others if a member is removed."""
    found = get_or_404(Membership.objects.in_project(request.project).select_related("project", "user"), pk=member)
    return render(request, "review/_open_work.html", {"member": found, "work": services.open_work(found)})
