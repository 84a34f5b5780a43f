"""What a key may ask for, and how much of it in a day."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, String

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """To this version."""
    op.add_column("keys", Column("scopes", String(200)))
    op.add_column("keys", Column("per_day", Integer))
    op.add_column("keys", Column("day", String(10)))
    op.add_column("keys", Column("spent", Integer, nullable=False, server_default="0"))
