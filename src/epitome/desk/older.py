"""Lists that are read a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, and_, or_, select


def older(
    connection: Connection, chosen: Select[Any], table: Table, *, limit: int, before: str | None
) -> Sequence[Row[Any]]:
    """The newest of what is chosen from `table`, which has `id` and `created`; those older than `before`, if given.

    None where there is no row of the id `before`.
    """
    newest = chosen.order_by(table.c.created.desc(), table.c.id.desc())
    return _page(connection, newest, table, limit=limit, past=before, rising=False)


def newer(
    connection: Connection, chosen: Select[Any], table: Table, *, limit: int, after: str | None
) -> Sequence[Row[Any]]:
    """The same from the other end: the oldest, or those newer than `after`."""
    oldest = chosen.order_by(table.c.created, table.c.id)
    return _page(connection, oldest, table, limit=limit, past=after, rising=True)


def _page(
    connection: Connection, ordered: Select[Any], table: Table, *, limit: int, past: str | None, rising: bool
) -> Sequence[Row[Any]]:
    made, identity = table.c.created, table.c.id
    if past is not None:
        created = connection.execute(select(made).where(identity == past)).scalar_one_or_none()
        if created is None:
            return []
        beyond = (made > created, identity > past) if rising else (made < created, identity < past)
        ordered = ordered.where(or_(beyond[0], and_(made == created, beyond[1])))
    return connection.execute(ordered.limit(limit)).all()
