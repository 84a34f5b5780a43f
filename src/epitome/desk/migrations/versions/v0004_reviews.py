"""Reviews, who may do them, and the trail of what was done, to which the database lets nobody but add."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, String, Text, false

revision = "0004"
down_revision = "0003"

_REFUSED = "the audit trail is append-only"


def upgrade() -> None:
    """To this version."""
    op.add_column("keys", Column("reviewer", Boolean, nullable=False, server_default=false()))
    op.create_table(
        "reviews",
        Column("id", String(32), primary_key=True),
        Column("owner", String(200), nullable=False),
        Column("created", Float, nullable=False),
        Column("state", String(10), nullable=False),
        Column("doubts", Text, nullable=False),
        Column("title", Text, nullable=False),
        Column("text", Text, nullable=False),
        Column("request", Text, nullable=False),
        Column("summary", Text, nullable=False),
        Column("claimant", String(200)),
        Column("claimant_key", String(200)),
        Column("claimed_until", Float),
        Column("reviewer", String(200)),
        Column("decided", Float),
        Column("reason", Text),
    )
    op.create_index("reviews_state", "reviews", ["state", "created"])
    op.create_index("reviews_owner", "reviews", ["owner", "created"])
    _trail()


def _trail() -> None:
    op.create_table(
        "trail",
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        Column("review", String(32)),
        Column("entry", Text, nullable=False),
        Column("previous", String(64), nullable=False),
        Column("hash", String(64), nullable=False),
    )
    op.create_index("trail_review", "trail", ["review", "number"])
    op.create_table(
        "trail_head",
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("number", BigInteger, nullable=False),
        Column("hash", String(64), nullable=False),
    )
    op.execute(f"INSERT INTO trail_head (id, number, hash) VALUES (1, 0, '{'0' * 64}')")
    if op.get_bind().dialect.name == "postgresql":
        _refuse_on_postgresql()
    else:
        _refuse_on_sqlite()


def _refuse_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION trail_refuses() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSED}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER trail_refuses BEFORE UPDATE OR DELETE OR TRUNCATE ON trail "
        "FOR EACH STATEMENT EXECUTE FUNCTION trail_refuses()"
    )


def _refuse_on_sqlite() -> None:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
    for verb in ("UPDATE", "DELETE"):
        op.execute(f"CREATE TRIGGER trail_refuses_{verb.lower()} BEFORE {verb} ON trail {refuse}")
    # INSERT OR REPLACE removes a row without asking the trigger above.
    op.execute(
        "CREATE TRIGGER trail_refuses_replace BEFORE INSERT ON trail "
        f"WHEN EXISTS (SELECT 1 FROM trail WHERE number >= NEW.number) {refuse}"
    )
