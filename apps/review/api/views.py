"""The desk as an API, through the same services as the pages."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Membership, Role, Scope
from apps.accounts.services.access import get_or_404, member_of, project_of
from apps.common.api import StrictSerializer
from apps.common.errors import DomainError
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_queue
from apps.review import services
from apps.review.api.serializers import (
    ClaimedSerializer,
    ClaimSerializer,
    DecidedSerializer,
    DecisionSerializer,
    HeldSerializer,
    HolderSerializer,
    JudgementSerializer,
    RevealSerializer,
    SlotSerializer,
    WaitingSerializer,
)
from apps.review.models import Slot, Verdict
from apps.review.services.answers import who_may_be_asked


def _sent(form: type[StrictSerializer], request: Request) -> dict[str, Any]:
    serializer = form(data=request.data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _slot(request: Request, slot: int) -> Slot:
    """Return the bare slot; the services load what they need when they lock it."""
    found: Slot = get_or_404(Slot.objects.in_project(project_of(request)), pk=slot)
    return found


def _shown(slots: list[Slot], *, to: Membership) -> list[dict[str, Any]]:
    return [dict(SlotSerializer(slot, context={"member": to}).data) for slot in slots]


def _answer(sent: dict[str, Any], *, model: MonitoredModel, by: Membership) -> services.Answer:
    """Return the fields of a decision as an answer. An e-mail address names the person asked."""
    email = sent.pop("ask")
    fields = {
        "verdict": Verdict(sent.pop("verdict")),
        "reasons": tuple(sent.pop("reasons")),
        "wrong_features": tuple((each["feature"], each["problem"]) for each in sent.pop("wrong_features")),
        "is_precedent": sent.pop("precedent"),
        "asked_of": None if email is None else _person(email, model=model, by=by),
    }
    return services.Answer(**fields, **sent)


def _person(email: str, *, model: MonitoredModel, by: Membership) -> int:
    member = who_may_be_asked(model, by=by).filter(user__email__iexact=email).first()
    if member is None:
        raise DomainError("Nobody of that name may answer here.", code="unknown_person", field="ask")
    return int(member.user_id)


class ClaimView(APIView):
    required_scope = Scope.REVIEWS_WRITE
    required_role = Role.REVIEWER

    @extend_schema(operation_id="claim_slots", request=ClaimSerializer, responses=ClaimedSerializer)
    def post(self, request: Request, queue: str) -> Response:
        """Claim slots of a queue (its number, `model:queue`, or its name): those already held, then fresh ones.

        At most the queue's prefetch. When nothing is left, `slots` is empty and `waiting` says why.
        """
        member = member_of(request)
        try:
            sent = _sent(ClaimSerializer, request)
        except (APIException, DomainError):
            find_queue(project_of(request), queue)  # a name of no queue is the first thing to report
            raise
        only = services.Only(sent["only"]) if "only" in sent else None
        slots = services.claim_slots_by_name(queue, by=member, limit=sent["slots"], only=only)
        answer: dict[str, Any] = {"slots": _shown(slots, to=member)}
        if not slots:
            # Raises if the name is of no queue, or of several.
            empty = find_queue(project_of(request), queue)
            answer["waiting"] = WaitingSerializer(services.why_waiting(empty, by=member)).data
        return Response(answer)


class JudgementView(APIView):
    required_scope = Scope.REVIEWS_WRITE
    required_role = Role.REVIEWER

    @extend_schema(operation_id="judge_slot", request=JudgementSerializer, responses=RevealSerializer)
    def post(self, request: Request, slot: int) -> Response:
        """Store the first answer to a blind case. Returns the prediction."""
        member = member_of(request)
        judgement = services.judge(_slot(request, slot), by=member, **_sent(JudgementSerializer, request))
        return Response(RevealSerializer(judgement.item, context={"member": member}).data)


class DecisionView(APIView):
    required_scope = Scope.REVIEWS_WRITE
    required_role = Role.REVIEWER

    @extend_schema(operation_id="decide_slot", request=DecisionSerializer, responses=DecidedSerializer)
    def post(self, request: Request, slot: int) -> Response:
        """Decide, and claim the next case. 409 if the lease is lost."""
        member = member_of(request)
        found: Slot = get_or_404(Slot.objects.in_project(project_of(request)).on_desk(), pk=slot)
        sent = _sent(DecisionSerializer, request)
        token = sent.pop("lease_token")
        answer = _answer(sent, model=found.item.model, by=member)
        decision = services.decide(found, by=member, lease_token=token, answer=answer)
        following = services.claim_slots(found.item.queue, by=member)
        return Response({"decision": decision.pk, "next": _shown(following, to=member)})


class HeartbeatView(APIView):
    required_scope = Scope.REVIEWS_WRITE
    required_role = Role.REVIEWER

    @extend_schema(operation_id="hold_slot", request=HolderSerializer, responses=HeldSerializer)
    def post(self, request: Request, slot: int) -> Response:
        """Renew the lease of a slot that is still being worked on."""
        member = member_of(request)
        held = services.hold_on(_slot(request, slot), by=member, **_sent(HolderSerializer, request))
        return Response(HeldSerializer(held).data)


class ReleaseView(APIView):
    required_scope = Scope.REVIEWS_WRITE
    required_role = Role.REVIEWER

    @extend_schema(operation_id="release_slot", request=HolderSerializer, responses={204: None})
    def post(self, request: Request, slot: int) -> Response:
        """Give a slot back for others. A blind judgement stands as the answer."""
        member = member_of(request)
        services.give_back(_slot(request, slot), by=member, **_sent(HolderSerializer, request))
        return Response(status=204)
