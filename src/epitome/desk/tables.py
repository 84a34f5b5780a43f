"""The tables of the service's database. What they were before, and how they became so: `migrations/versions`."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    literal_column,
    text,
)

metadata = MetaData()

keys = Table(
    "keys",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("created", Float, nullable=False),
    Column("expires", Float),
    Column("revoked", Float),
    Column("per_minute", Integer),
    Column("reviewer", Boolean, nullable=False, server_default=false()),
    Column("scopes", String(200)),  # with spaces between; null: all
    Column("per_day", Integer),
    Column("day", String(10)),  # of what was spent
    Column("spent", Integer, nullable=False, server_default="0"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(200), nullable=False),  # the id of a key
    Column("batch", Boolean, nullable=False),
    Column("state", String(10), nullable=False),
    Column("created", Float, nullable=False),
    Column("started", Float),
    Column("finished", Float),
    Column("documents", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),  # characters of what was asked
    Column("idempotency", String(200)),
    Column("fingerprint", String(64), nullable=False),
    UniqueConstraint("owner", "idempotency", name="jobs_idempotency"),
    Index("jobs_owner", "owner", "created"),
    Index(
        "jobs_under_way",
        "owner",
        sqlite_where=text("finished IS NULL"),
        postgresql_where=text("finished IS NULL"),
    ),
)

documents = Table(
    "documents",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("job", String(32), ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String(10), nullable=False),
    Column("turn", Float, nullable=False),  # the lowest is next
    Column("free", Float, nullable=False),  # from when on it may be taken: a lease ends by itself
    Column("token", String(32)),  # of the lease; whoever has it may finish the document
    Column("attempts", Integer, nullable=False),
    Column("asked", Text),  # JSON; gone once finished
    Column("result", Text),  # JSON
    Column("finished", Float),
    UniqueConstraint("job", "number", name="documents_number"),
    Index("documents_open", "turn", sqlite_where=text("state = 'open'"), postgresql_where=text("state = 'open'")),
    Index("documents_token", "token"),
)  # fmt: skip

OPEN = documents.c.state == literal_column("'open'")
"""Neither finished nor cancelled. The word stands in the SQL: for a parameter, no database takes the index of these."""

webhooks = Table(
    "webhooks",
    metadata,
    Column("job", String(32), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("url", String(2000), nullable=False),
    Column("state", String(10), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due", Float),  # when it is sent next; None: not before the job has ended, or never again
    Column("error", String(500)),
    Index("webhooks_due", "due"),
)

secrets = Table(
    "secrets",
    metadata,
    Column("name", String(50), primary_key=True),
    Column("value", String(200), nullable=False),
)

archive = Table(
    "archive",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(200), nullable=False),
    Column("created", Float, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("request", Text, nullable=False),  # JSON
    Column("summary", Text, nullable=False),  # JSON
    Column("document", Text),
    Index("archive_owner", "owner", "created"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("summary", String(32), ForeignKey("archive.id", ondelete="CASCADE"), nullable=False),
    Column("owner", String(200), nullable=False),
    Column("created", Float, nullable=False),
    Column("rating", String(4), nullable=False),  # 1 to 5, up, down
    Column("comment", Text, nullable=False),
    Index("feedback_summary", "summary"),
)

reviews = Table(
    "reviews",
    metadata,
    Column("id", String(32), primary_key=True),  # that of the summary in the archive, if it is there
    Column("owner", String(200), nullable=False),  # the id of the key that asked for it
    Column("created", Float, nullable=False),
    Column("state", String(10), nullable=False),
    Column("doubts", Text, nullable=False),  # JSON
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),  # as it stands now
    Column("request", Text, nullable=False),  # JSON
    Column("summary", Text, nullable=False),  # JSON, as the model made it
    Column("claimant", String(200)),
    Column("claimant_key", String(200)),
    Column("claimed_until", Float),
    Column("reviewer", String(200)),
    Column("decided", Float),
    Column("reason", Text),
    Index("reviews_state", "state", "created"),
    Index("reviews_owner", "owner", "created"),
)

trail = Table(
    "trail",  # nothing in it is ever changed or removed: the database refuses it
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("review", String(32)),
    Column("entry", Text, nullable=False),  # canonical JSON
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("trail_review", "review", "number"),
)

trail_head = Table(
    "trail_head",  # one row; whoever adds to the trail holds its lock
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)
