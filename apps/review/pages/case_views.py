"""The page of one case: everything for adjudicators and engineers, their own part for reviewers."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.predictions.services.sightings import Place
from apps.review import services
from apps.review.models import Dispute, GoldAnswer, Mention, ReviewItem
from apps.review.pages import case_answers, disputes
from apps.review.pages.cases import fact_groups
from apps.review.pages.forms import TextForm
from apps.review.pages.problems import problems_as_messages
from apps.review.pages.reveals import reveal
from apps.review.services.masking import hidden_features
from apps.review.services.reasons import reasons
from apps.review.services.sight import note, sight_of

ITEMS = ReviewItem.objects.select_related("queue__model__project", "prediction__version")


@require_safe
@member_page(Role.REVIEWER)
def case_page(request: ProjectRequest, item: int) -> HttpResponse:
    return _page(request, _item(request, item))


@require_POST
@member_page(Role.REVIEWER)
def case_comment(request: ProjectRequest, item: int) -> HttpResponse:
    found = _item(request, item)
    sight_of(found, by=request.membership)
    form = TextForm(request.POST)
    if not form.is_valid():
        return _page(request, found, comment_form=form)
    services.add_comment(found, by=request.membership, text=form.cleaned_data["text"])
    return redirect("case", request.project.slug, found.pk)


@require_POST
@member_page(Role.ENGINEER)
def case_reopen(request: ProjectRequest, item: int) -> HttpResponse:
    """Have the case judged again."""
    found = _item(request, item)
    form = TextForm(request.POST)
    if not form.is_valid():
        return _page(request, found, reopen_form=form)
    services.reopen_item(found, by=request.user, why=form.cleaned_data["text"])
    messages.success(request, "The case is judged again from the start. Earlier answers stay recorded.")
    return redirect("case", request.project.slug, found.pk)


@require_POST
@member_page(Role.ENGINEER)
def case_gold(request: ProjectRequest, item: int) -> HttpResponse:
    """Keep the settled answer as a known one, or stop using it."""
    found = _item(request, item)
    gold = GoldAnswer.objects.in_use().filter(item=found).first()
    with problems_as_messages(request):
        if gold is None:
            services.mark_gold(found, by=request.user)
            messages.success(request, "The answer is now known: the case is mixed in for people who have not seen it.")
        else:
            services.unmark_gold(gold, by=request.user)
            messages.success(request, "The case is no longer mixed in.")
    return redirect("case", request.project.slug, found.pk)


@require_POST
@member_page(Role.ENGINEER)
def dispute_reply(request: ProjectRequest, dispute: int) -> HttpResponse:
    """Reply to a dispute for the model."""
    known = Dispute.objects.in_project(request.project).select_related("item__queue__model")
    found: Dispute = get_or_404(known, pk=dispute)
    form = TextForm(request.POST)
    if not form.is_valid():
        return _page(request, _item(request, found.item_id), reply_form=form)
    sight_of(found.item, by=request.membership)
    with problems_as_messages(request):
        services.reply(found, by=request.user, text=form.cleaned_data["text"])
    return redirect("case", request.project.slug, found.item_id)


def _item(request: ProjectRequest, item: int) -> ReviewItem:
    found: ReviewItem = get_or_404(ITEMS.in_project(request.project), pk=item)
    return found


def _page(request: ProjectRequest, item: ReviewItem, **forms: TextForm) -> HttpResponse:
    member = request.membership
    sight = sight_of(item, by=member)
    known = Dispute.objects.filter(item=item).select_related(
        "item__prediction", "item__queue__model", "decision__reviewer", "replied_by"
    )
    if not sight.sees_all:
        known = known.filter(decision__reviewer=request.user)
    hidden = hidden_features(item, by=member)
    followed = disputes.followed(known.order_by("-id"), by=member)
    # Only now: from here on the page is certain to be shown.
    note([item], by=member, place=Place.CASE if sight.sees_others else Place.OWN)
    if sight.sees_others:
        for mention in Mention.objects.filter(comment__item=item, user=request.user, seen_at=None):
            mention.mark_seen()
    context = {
        "item": item,
        "queue": item.queue,
        "model": item.model,
        "tab": "reviews",
        "groups": fact_groups(item, hidden=hidden),
        "reveal": reveal(item, reasons(item), hidden=hidden),
        "rounds": case_answers.rounds(item, by=member, sight=sight),
        "sight": sight,
        "disputes": followed,
        "comments": case_answers.comments(item, by=member, sight=sight),
        "gold": GoldAnswer.objects.in_use().filter(item=item).first(),
        "is_engineer": member.reaches(Role.ENGINEER),
        "comment_form": TextForm(auto_id="comment-%s"),
        "reopen_form": TextForm(auto_id="reopen-%s"),
        "reply_form": TextForm(auto_id="reply-%s"),
        **forms,
    }
    return render(request, "review/case.html", context, status=400 if forms else 200)
