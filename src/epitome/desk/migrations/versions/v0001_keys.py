"""Keys. The first release made this table without a migration, so it may be there already."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Float, Integer, String

revision = "0001"
down_revision = None


def upgrade() -> None:
    """To this version."""
    op.create_table(
        "keys",
        Column("id", String(16), primary_key=True),
        Column("name", String(200), nullable=False),
        Column("hash", String(64), nullable=False),
        Column("created", Float, nullable=False),
        Column("expires", Float),
        Column("revoked", Float),
        Column("per_minute", Integer),
        if_not_exists=True,
    )
