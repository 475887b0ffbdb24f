"""Adding to counters that a model keeps: one statement, which makes the rows that are not there yet."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from apps.registry.models import MonitoredModel


def add_to(
    table: str,
    model: MonitoredModel,
    amounts: Mapping[tuple[Any, ...], Sequence[int]],
    *,
    keys: Mapping[str, str],
    sums: Sequence[str],
) -> None:
    """Add to the row of each key; call it with the model locked, or two could wait for each other's rows.

    `amounts` holds what to add to each of `sums` by key; `keys` names the columns of a key with their types.
    """
    if not amounts:
        return
    columns = [*keys, *sums]
    types = [*keys.values(), *("bigint" for _ in sums)]
    values = zip(*((*key, *amount) for key, amount in amounts.items()), strict=True)
    statement = f"""
        INSERT INTO {table} AS kept (model_id, {", ".join(columns)})
        SELECT %s, * FROM unnest({", ".join(f"%s::{each}[]" for each in types)})
        ON CONFLICT (model_id, {", ".join(keys)}) DO UPDATE SET
            {", ".join(f"{name} = kept.{name} + excluded.{name}" for name in sums)}
    """  # noqa: S608  # only names of our own columns are put in
    with connection.cursor() as cursor:
        cursor.execute(statement, [model.pk, *(list(each) for each in values)])
