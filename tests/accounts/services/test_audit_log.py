"""What owners and engineers do is on the record, by whom, and is not where it was refused."""

import pytest
from django.test import Client

from apps.accounts.models import Membership, Project, Role
from apps.accounts.services import invitations, keys, links, members, recovery
from apps.audit.models import Entry
from apps.audit.services import verify
from apps.common.errors import ConflictError
from apps.registry.models import Incident, IncidentKind
from apps.registry.services import incidents
from apps.registry.services.registering import put_model
from apps.sampling.services import policies
from tests.factories import MORNING, make_key, make_member, make_model, make_project, model_document

pytestmark = pytest.mark.django_db

DOCUMENT = {"floor": 0.01, "queues": [{"name": "second"}]}


@pytest.fixture
def owner() -> Membership:
    return make_member(make_project("office"), Role.OWNER)


def told(project: Project) -> list[tuple[str, str, int | None]]:
    assert verify(project.pk) is None
    return list(Entry.objects.of(project.pk).order_by("number").values_list("act", "subject", "actor_id"))


def last(project: Project) -> Entry:
    entry: Entry = Entry.objects.of(project.pk).newest()[0]
    return entry


def test_coming_changing_and_going_of_a_member_is_recorded(owner):
    project, me = owner.project, owner.user
    invitation, token = invitations.invite(project, email="bo@example.org", role=Role.REVIEWER, by=me)
    user = invitations.accept_with_new_account(keys.digest(token), name="Bo", password="four words of mine")
    member = Membership.objects.get(user=user)
    recovery.make_password_link(user, by=me)
    members.change_role(member, role=Role.ENGINEER, by=me)
    assert last(project).details == {"was": "reviewer", "role": "engineer"}
    key, _ = make_key(project, ["reviews:write"], acts_for=member.user)
    members.remove_member(member, by=me)
    assert last(project).details == {"role": "engineer", "keys_revoked": [key.prefix]}
    bo = f"person {member.user_id}"
    assert told(project) == [
        ("invitation.made", f"invitation {invitation.pk}", me.pk),
        ("member.added", bo, user.pk),
        ("member.link_made", bo, me.pk),
        ("member.role_changed", bo, me.pk),
        ("key.made", f"key {key.prefix}", None),
        ("member.removed", bo, me.pk),
    ]


def test_record_holds_no_name_and_no_address_of_a_person(owner):
    _, token = invitations.invite(owner.project, email="bo@example.org", role=Role.REVIEWER, by=owner.user)
    invitations.accept_with_new_account(keys.digest(token), name="Bo", password="four words of mine")
    for entry in Entry.objects.of(owner.project.pk):
        assert "Bo" not in f"{entry.subject} {entry.details}"
        assert "example.org" not in f"{entry.subject} {entry.details}"


def test_what_is_refused_or_changes_nothing_is_not_recorded(owner):
    project, me = owner.project, owner.user
    with pytest.raises(ConflictError):
        members.remove_member(owner, by=me)
    with pytest.raises(ConflictError):
        invitations.invite(project, email=me.email, role=Role.REVIEWER, by=me)
    members.change_role(owner, role=Role.OWNER, by=me)
    assert told(project) == []


def test_keys_are_recorded_by_their_beginning(owner):
    project, me = owner.project, owner.user
    key, text = keys.create_key(project, name="nightly", scopes=["labels:read"], by=me, acts_for=me, lifetime=None)
    assert last(project).details == {"name": "nightly", "scopes": ["labels:read"], "acts_for": me.pk}
    new, _ = keys.rotate_key(key, by=me)
    assert last(project).details.items() > {"name": "nightly", "new": new.prefix}.items()
    assert last(project).details["expires_at"][:19] == f"{key.expires_at:%Y-%m-%dT%H:%M:%S}"
    keys.revoke_key(key, by=me)
    keys.revoke_key(key, by=me)
    subject = f"key {text[:10]}"
    acts = [
        ("key.made", subject),
        ("key.made", f"key {new.prefix}"),
        ("key.rotated", subject),
        ("key.revoked", subject),
    ]
    assert told(project) == [(*act, me.pk) for act in acts]
    assert not any(text in str(entry) for entry in Entry.objects.values())


def test_first_owner_begins_the_record():
    token = links.make_sign_in_link(None)
    details = {"email": "ana@example.org", "name": "Ana", "password": "four words of mine", "project_name": "Office"}
    ana = links.redeem_setup_link(token, **details)
    project = Project.objects.get()
    assert told(project) == [
        ("project.made", "project office", ana.pk),
        ("member.added", f"person {ana.pk}", ana.pk),
    ]


def test_command_that_makes_everything_is_recorded_once_and_by_nobody():
    for role in (Role.OWNER, Role.OWNER, Role.ENGINEER):
        member = members.ensure_member("lab", email="ana@example.org", role=role)
    ana = f"person {member.user_id}"
    assert told(member.project) == [
        ("project.made", "project lab", None),
        ("member.added", ana, None),
    ]


def test_model_is_recorded_when_it_is_registered_and_when_something_changes(owner):
    project, me = owner.project, owner.user
    value = {"currency": "EUR", "matrix": {"no": {"no": 0, "yes": -5}, "yes": {"no": -1, "yes": 3}}}
    for changes in ({}, {}, {"maturity_days": 7, "name": "Work"}, {"value_model": value}, {"value_model": value}):
        put_model(project, slug="m", document=model_document(**changes), by=me)
    entries = Entry.objects.of(project.pk).order_by("number")
    assert [(entry.act, entry.details.get("changed")) for entry in entries] == [
        ("model.registered", None),
        ("model.changed", ["name", "maturity_days"]),
        ("model.changed", ["name", "maturity_days", "value_model"]),
    ]


def test_change_of_what_is_drawn_names_policies_and_queues(owner):
    model = make_model(owner.project)
    both = {**DOCUMENT, "policies": [{"name": "some", "kind": "uniform", "rate": 0.1, "queue": "second", "rank": 1}]}
    policies.put_document(model, both, by=owner.user)
    entry = last(owner.project)
    assert (entry.act, entry.subject, entry.actor_id) == ("sampling.changed", f"model {model.slug}", owner.user.pk)
    assert entry.details == {"policies": ["floor", "some"], "queues": ["second"]}
    policies.put_document(model, both, by=owner.user)
    assert last(owner.project) == entry
    policies.put_document(model, {"policies": [], "queues": [{"name": "main", "overlap": 2}]}, by=owner.user)
    assert last(owner.project).details == {"policies": ["some"], "queues": ["main"]}


def test_closing_an_incident_is_recorded(owner):
    model = make_model(owner.project)
    seen = {"first_seen_at": MORNING, "last_seen_at": MORNING, "rows": 1}
    incident = Incident.objects.create(model=model, kind=IncidentKind.OUTCOMES_PARKED, **seen)
    incidents.close(incident, by=owner.user, note="Known.")
    with pytest.raises(ConflictError):
        incidents.close(incident, by=owner.user)
    acts = [(act, subject) for act, subject, _ in told(owner.project)]
    assert acts[1:] == [("incident.closed", f"incident {incident.pk}")]
    assert last(owner.project).details == {"model": model.slug, "what": str(incident)}


def test_pages_record_who_is_signed_in(client: Client, owner):
    model = make_model(owner.project, "m")
    client.force_login(owner.user)
    client.post("/p/office/members/", {"email": "cy@example.org", "role": "reviewer"})
    invited = owner.project.invitations.get()
    client.post(f"/p/office/invitations/{invited.pk}/link/")
    client.post(f"/p/office/invitations/{invited.pk}/withdraw/")
    bo = make_member(owner.project)
    client.post(f"/p/office/members/{bo.pk}/link/")
    client.post(f"/p/office/members/{bo.pk}/role/", {"role": "engineer"})
    client.post(f"/p/office/members/{bo.pk}/remove/")
    client.post("/p/office/keys/create/", {"name": "nightly", "scopes": ["predictions:write"], "days": "90"})
    client.post(f"/p/office/keys/{owner.project.api_keys.get().pk}/revoke/")
    document = '{"floor": 0.5}'
    client.post(f"/p/office/models/{model.slug}/sampling/json/", {"document": document})
    client.post(f"/p/office/models/{model.slug}/sampling/save/")
    acts = told(owner.project)[1:]
    assert [act for act, _, _ in acts] == [
        *("invitation.made", "invitation.renewed", "invitation.withdrawn"),
        *("member.link_made", "member.role_changed", "member.removed"),
        *("key.made", "key.revoked", "sampling.changed"),
    ]
    assert {actor for _, _, actor in acts} == {owner.user.pk}


@pytest.mark.parametrize("is_personal", [True, False])
def test_calls_record_the_key_and_the_person_it_acts_for(owner, is_personal):
    key, text = make_key(owner.project, acts_for=owner.user if is_personal else None)
    client = Client(headers={"authorization": f"Bearer {text}"})
    json = "application/json"
    assert client.put("/api/v1/models/m", model_document(), content_type=json).status_code == 200
    assert client.put("/api/v1/models/m/policies", DOCUMENT, content_type=json).status_code == 200
    model = owner.project.models.get()
    seen = {"first_seen_at": MORNING, "last_seen_at": MORNING, "rows": 1}
    incident = Incident.objects.create(model=model, kind=IncidentKind.OUTCOMES_PARKED, **seen)
    assert client.post(f"/api/v1/incidents/{incident.pk}/close", {}, content_type=json).status_code == 200
    entries = Entry.objects.of(owner.project.pk).order_by("number")[1:]
    assert [entry.act for entry in entries] == ["model.registered", "sampling.changed", "incident.closed"]
    assert {entry.details["key"] for entry in entries} == {key.prefix}
    assert {entry.actor_id for entry in entries} == {owner.user.pk if is_personal else None}
