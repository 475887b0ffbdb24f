"""People in review: at the desk in a browser, or through the API with a key."""

import json
from typing import Any

from django.test import Client
from django.urls import reverse

from apps.accounts.models import Membership, Role
from apps.registry.models import ReviewQueue
from apps.review import services
from apps.review.models import Slot
from tests.factories import make_key, make_member


class Person:
    """Somebody at the desk, with or without scripts in the browser."""

    def __init__(self, queue: ReviewQueue, role: Role = Role.REVIEWER) -> None:
        self.queue, self.member = queue, make_member(queue.model.project, role)
        self.client = Client()
        self.client.force_login(self.member.user)

    @property
    def slot(self) -> Slot:
        """The case on the desk: the first of those that the browser holds."""
        return services.claim_slots(self.queue, by=self.member)[0]

    @property
    def url_of_queue(self) -> str:
        return reverse("queue", args=[self.queue.model.project.slug, self.queue.pk])

    def look(self) -> Any:
        return self.client.get(self.url_of_queue)

    def look_beside(self, what: str) -> Any:
        """The tab `what` beside the case on the desk."""
        return self.client.get(self.url(f"slot_{what}", self.slot))

    def say(self, choice: str = "", *, slot: Slot | None = None, script: bool = True, **fields: Any) -> Any:
        slot = slot or self.slot
        body = {"lease_token": slot.lease_token, "choice": choice} | fields
        headers = {"X-Fragment": "1"} if script else {}
        return self.client.post(self.url("slot_answer", slot), body, headers=headers)

    def url(self, name: str, slot: Slot) -> str:
        return reverse(name, args=[self.queue.model.project.slug, slot.pk])


class Desk:
    """A client with the key of one person."""

    def __init__(
        self, queue: ReviewQueue, role: Role = Role.REVIEWER, *, member: Membership | None = None, **key: Any
    ) -> None:
        self.member = member or make_member(queue.model.project, role)
        _, text = make_key(queue.model.project, **({"acts_for": self.member.user} | key))
        self.client = Client(headers={"Authorization": f"Bearer {text}"})
        self.queue = queue

    def post(self, path: str, body: Any = None) -> Any:
        text = body if isinstance(body, str) else json.dumps(body or {})
        return self.client.post(f"/api/v1/{path}", text, content_type="application/json")

    def claim(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.post(f"queues/{self.queue.pk}/claim").json()["slots"][0]
        return answer
