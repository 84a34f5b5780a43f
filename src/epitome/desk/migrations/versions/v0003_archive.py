"""The archive of summaries, and what people say of them."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Float, ForeignKey, String, Text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """To this version."""
    op.create_table(
        "archive",
        Column("id", String(32), primary_key=True),
        Column("owner", String(200), nullable=False),
        Column("created", Float, nullable=False),
        Column("title", Text, nullable=False),
        Column("text", Text, nullable=False),
        Column("request", Text, nullable=False),
        Column("summary", Text, nullable=False),
        Column("document", Text),
    )
    op.create_index("archive_owner", "archive", ["owner", "created"])
    op.create_table(
        "feedback",
        Column("id", String(32), primary_key=True),
        Column("summary", String(32), ForeignKey("archive.id", ondelete="CASCADE"), nullable=False),
        Column("owner", String(200), nullable=False),
        Column("created", Float, nullable=False),
        Column("rating", String(4), nullable=False),
        Column("comment", Text, nullable=False),
    )
    op.create_index("feedback_summary", "feedback", ["summary"])
