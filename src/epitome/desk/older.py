"""Lists that are read a page at a time, the newest first."""

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
    if before is not None:
        place = select(table.c.created).where(table.c.id == before)
        created = connection.execute(place).scalar_one_or_none()
        if created is None:
            return []
        chosen = chosen.where(
            or_(table.c.created < created, and_(table.c.created == created, table.c.id < before))
        )
    newest = chosen.order_by(table.c.created.desc(), table.c.id.desc())
    return connection.execute(newest.limit(limit)).all()
