"""Jobs, their documents, their webhooks, and the secret that signs these."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """To this version."""
    op.create_table(
        "jobs",
        Column("id", String(32), primary_key=True),
        Column("owner", String(200), nullable=False),
        Column("batch", Boolean, nullable=False),
        Column("state", String(10), nullable=False),
        Column("created", Float, nullable=False),
        Column("started", Float),
        Column("finished", Float),
        Column("documents", Integer, nullable=False),
        Column("done", Integer, nullable=False),
        Column("failed", Integer, nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("idempotency", String(200)),
        Column("fingerprint", String(64), nullable=False),
        UniqueConstraint("owner", "idempotency", name="jobs_idempotency"),
    )
    op.create_index("jobs_owner", "jobs", ["owner", "created"])
    under_way = text("finished IS NULL")
    op.create_index("jobs_under_way", "jobs", ["owner"], sqlite_where=under_way, postgresql_where=under_way)
    op.create_table(
        "documents",
        Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
        Column("job", String(32), ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
        Column("number", Integer, nullable=False),
        Column("state", String(10), nullable=False),
        Column("turn", Float, nullable=False),
        Column("free", Float, nullable=False),
        Column("token", String(32)),
        Column("attempts", Integer, nullable=False),
        Column("asked", Text),
        Column("result", Text),
        Column("finished", Float),
        UniqueConstraint("job", "number", name="documents_number"),
    )
    still_open = text("state = 'open'")
    op.create_index(
        "documents_open", "documents", ["turn"], sqlite_where=still_open, postgresql_where=still_open
    )
    op.create_index("documents_token", "documents", ["token"])
    _webhooks()


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        Column("job", String(32), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        Column("url", String(2000), nullable=False),
        Column("state", String(10), nullable=False),
        Column("tries", Integer, nullable=False),
        Column("due", Float),
        Column("error", String(500)),
    )
    op.create_index("webhooks_due", "webhooks", ["due"])
    op.create_table(
        "secrets",
        Column("name", String(50), primary_key=True),
        Column("value", String(200), nullable=False),
    )
