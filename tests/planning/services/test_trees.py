"""Conditions as the editor's groups."""

from hypothesis import given
from hypothesis import strategies as st

from apps.planning.services import trees

LEAVES = st.builds(
    lambda name, operator, value: {"field": name, "op": operator, "value": value},
    st.sampled_from(["score", "features.age"]),
    st.sampled_from(["eq", "lt", "ge"]),
    st.integers(0, 3),
)
ROWS = [{"score": score, "features.age": age} for score in range(4) for age in range(4)]


def nested(inner):
    many = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        many.map(lambda each: {"all": each}),
        many.map(lambda each: {"any": each}),
        inner.map(lambda each: {"not": each}),
    )


def holds(tree, row):
    """Evaluate a tree by its definition."""
    if not tree:
        return True
    if "not" in tree:
        return not holds(tree["not"], row)
    if "all" in tree:
        return all(holds(each, row) for each in tree["all"])
    if "any" in tree:
        return any(holds(each, row) for each in tree["any"])
    value, wanted = row[tree["field"]], tree["value"]
    return {"eq": value == wanted, "lt": value < wanted, "ge": value >= wanted}[tree["op"]]


@given(st.recursive(LEAVES, nested, max_leaves=8))
def test_a_condition_means_the_same_after_the_editor_has_shown_it(tree):
    again = trees.tree_of(trees.group_of(tree))
    assert [holds(tree, row) for row in ROWS] == [holds(again, row) for row in ROWS]


def test_the_fields_of_a_form_are_read_into_groups():
    sent = {
        "c.0.join": "all",
        "c.0.0.field": "features.age",
        "c.0.0.op": "ge",
        "c.0.0.value": "60",
        "c.0.1.join": "none",
        "c.0.1.0.field": "features.sex",
        "c.0.1.0.op": "in",
        "c.0.1.0.value": "1",
    }
    group = trees.read(sent, lambda name: [sent[name]])
    assert trees.tree_of(group) == {
        "all": [
            {"field": "features.age", "op": "ge", "value": "60"},
            {"not": {"any": [{"field": "features.sex", "op": "in", "value": ["1"]}]}},
        ]
    }


def test_parts_are_added_and_removed_and_an_empty_condition_is_none():
    group = trees.group_of({"field": "score", "op": "ge", "value": 1})
    trees.add(group, "0", trees.Group("0.1"))
    trees.add(group, "0.1", trees.Leaf("0.1.0", "amount", trees.MISSING))
    missing = {"field": "amount", "op": "is_missing", "value": True}
    assert trees.tree_of(group) == {"all": [{"field": "score", "op": "ge", "value": 1}, {"all": [missing]}]}
    trees.remove(group, "0.1.0")
    trees.remove(group, "0.0")
    assert trees.tree_of(group) is None


def test_parts_without_a_place_are_ignored():
    sent = {"c.7.field": "score", "c.x.op": "eq", "c.0.9.1.field": "score"}
    assert trees.tree_of(trees.read(sent, lambda name: [sent[name]] if name in sent else [])) is None
