"""A query whose SQL is put together once answers as the query does."""

import pytest

from apps.accounts.models import Membership, Role
from apps.common.compiled import Compiled, holes
from tests.factories import make_member, make_project

PLACES = holes("project", "user")


@pytest.mark.django_db
def test_a_compiled_query_answers_for_whatever_fills_its_holes() -> None:
    members = [make_member(make_project(), role) for role in (Role.REVIEWER, Role.OWNER) for _ in range(2)]
    wanted = Membership.objects.filter(project=PLACES["project"], user=PLACES["user"], role=Role.OWNER)
    compiled = Compiled.of(wanted.values_list("pk"), PLACES)
    for member in members:
        found = compiled.rows(project=member.project_id, user=member.user_id)
        assert found == ([(member.pk,)] if member.role == Role.OWNER else [])
    assert compiled.rows(project=members[2].project_id, user=members[3].user_id) == []


def test_a_hole_that_the_query_does_not_have_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="user"):
        Compiled.of(Membership.objects.filter(project=PLACES["project"]), PLACES)
