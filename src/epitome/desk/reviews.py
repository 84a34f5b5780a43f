"""Summaries that a person has to see: a queue in which each is claimed, then approved, edited or rejected."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from epitome.desk.archive import Entry, Kept, plain
from epitome.desk.audit import Trail, Who
from epitome.desk.database import Database
from epitome.desk.doubts import Doubt, doubts
from epitome.desk.older import newer, older
from epitome.desk.tables import archive
from epitome.desk.tables import reviews as table
from epitome.errors import EpitomeError, UsageError
from epitome.trust.check import SUPPORTED

State = Literal["open", "approved", "edited", "rejected"]
STATES: tuple[State, ...] = get_args(State)
Action = Literal["claim", "release", "approve", "edit", "reject", "reopen"]
ACTIONS: tuple[Action, ...] = get_args(Action)
CLAIM = 900.0
"""Seconds that a claim lasts: time to read a document of some thousand words; who needs longer claims again."""
LONGEST = 100_000
"""Characters of an edited text."""
MOST_DOUBTS = 50
"""More complaints of readers about one summary tell a reviewer nothing new."""


_OPEN: dict[str, Any] = {"state": "open", "reviewer": None, "decided": None, "reason": None}


class HeldError(EpitomeError):
    """Somebody else is at a review, or it has been decided."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Who is at a review, and until when if they give no sign of life (seconds since 1970)."""

    by: Who
    until: float


@dataclass(frozen=True, slots=True)
class Brief:
    """A review as lists show it. Times are seconds since 1970."""

    id: str
    owner: str
    """The id of the key with which the summary was asked for."""
    created: float
    state: State
    doubts: list[Doubt]
    title: str
    text: str
    """As it stands now: the model's, or what a person made of it."""
    claim: Claim | None
    reviewer: str | None
    decided: float | None
    reason: str | None
    """Why it was rejected, or what the reviewer had to say beside."""


@dataclass(frozen=True, slots=True)
class Review(Brief):
    """A review with all that is known of its summary."""

    request: dict[str, Any]
    summary: dict[str, Any]
    """`Summary.as_dict()`, as the model made it, each sentence with the passages that it rests on."""
    document: str | None
    """Where the archive keeps documents."""


class Reviews:
    """The reviews in a database.

    Args:
        opens: whether summaries are put into the queue; those that are there can be decided in any case.
        below: support under which a sentence needs a person (`desk/doubts.py`).

    >>> [brief] = reviews.all(state="open")
    >>> reviews.act(brief.id, Who("ann"), "edit", text="The ferry leaves at dawn.").state
    'edited'
    """

    def __init__(self, database: Database, *, opens: bool = False, below: float = SUPPORTED) -> None:
        self.database = database
        self.trail = Trail(database)
        self.opens = opens
        self.below = below

    # --- into the queue ---

    def due(self, summary: dict[str, Any]) -> list[Doubt]:
        """Why a summary that has just been made goes into the queue; empty if it does not."""
        return doubts(summary, self.below) if self.opens else []

    def open(self, connection: Connection, entry: Entry, why: Sequence[Doubt]) -> None:
        """Put a summary into the queue, in a transaction of the caller's that holds no lock of a review yet."""
        self._add(connection, entry.id, entry.owner, entry.request, entry.summary, why, _service(entry.owner))

    def complain(self, connection: Connection, kept: Kept, owner: str, who: Who, why: Doubt) -> None:
        """Put a summary of the archive into the queue that a reader calls bad, in a transaction of the caller's.

        One that was approved comes back; one that was edited or rejected stays so.
        """
        self.trail.lock(connection)
        row = connection.execute(select(table).where(table.c.id == kept.id)).first()
        if row is None:
            self._add(connection, kept.id, owner, kept.request, kept.summary, [why], who)
            return
        held = json.loads(row.doubts)
        if row.state in ("edited", "rejected") or len(held) >= MOST_DOUBTS:
            return
        change = {"doubts": json.dumps([*held, asdict(why)])}
        if row.state == "approved":
            change |= _OPEN
        connection.execute(update(table).where(table.c.id == kept.id).values(change))
        self.trail.add(connection, "complained", who, review=kept.id)

    def _add(
        self,
        connection: Connection,
        identity: str,
        owner: str,
        request: dict[str, Any],
        summary: dict[str, Any],
        why: Sequence[Doubt],
        who: Who,
    ) -> None:
        self.trail.lock(connection)
        text, kinds = plain(summary["text"]), sorted({doubt.kind for doubt in why})
        row = {
            "id": identity, "owner": owner, "created": self.database.now(), "state": "open",
            "doubts": json.dumps([asdict(doubt) for doubt in why]), "title": plain(summary["title"]), "text": text,
            "request": json.dumps(request), "summary": json.dumps(summary),
        }  # fmt: skip
        connection.execute(insert(table).values(row))
        self.trail.add(connection, "opened", who, review=identity, doubts=kinds, sha256=fingerprint(text))

    def withdraw(self, connection: Connection, identity: str, owner: str, who: Who) -> bool:
        """Remove a review with its texts, in the caller's transaction; whether this owner had one. Its trail stays."""
        self.trail.lock(connection)
        own = table.c.id == identity, table.c.owner == owner
        if not connection.execute(delete(table).where(*own)).rowcount:
            return False
        self.trail.add(connection, "withdrawn", who, review=identity)
        return True

    # --- seen ---

    def find(self, identity: str, owner: str | None = None) -> Review | None:
        """The review; with `owner` only if it is theirs."""
        chosen = select(table, archive.c.document, self.database.now().label("now")).where(
            table.c.id == identity
        )
        chosen = chosen.outerjoin_from(table, archive, archive.c.id == table.c.id)
        if owner is not None:
            chosen = chosen.where(table.c.owner == owner)
        with self.database.reading() as connection:
            row = connection.execute(chosen).first()
        return None if row is None else _review(row)

    def named(self, beginning: str) -> Review:
        """The review whose id begins so. Raises `UsageError` unless there is exactly one."""
        matching = select(table.c.id).where(table.c.id.startswith(beginning, autoescape=True))
        with self.database.reading() as connection:
            found = connection.execute(matching.limit(2)).scalars().all() if beginning else []
        review = self.find(found[0]) if len(found) == 1 else None
        if review is None:
            known = "several reviews begin so" if found else "there is no such review"
            raise UsageError(f"{beginning}: {known}", hint="epitome reviews list")
        return review

    def all(
        self,
        *,
        state: State | None = None,
        owner: str | None = None,
        limit: int = 50,
        past: str | None = None,
    ) -> list[Brief]:
        """Reviews of a state, or all: what is open the oldest first, else the newest first; those that come after
        the review `past`."""
        columns = [column for column in table.c if column.name not in ("request", "summary")]
        chosen: Select[Any] = select(*columns, self.database.now().label("now"))
        chosen = _only(chosen, state, owner)
        with self.database.reading() as connection:
            if state == "open":
                rows = newer(connection, chosen, table, limit=limit, after=past)
            else:
                rows = older(connection, chosen, table, limit=limit, before=past)
        return [Brief(**_brief(row)) for row in rows]

    def counts(self, owner: str | None = None) -> dict[State, int]:
        """How many reviews there are of each state."""
        chosen = _only(select(table.c.state, func.count()).group_by(table.c.state), None, owner)
        with self.database.reading() as connection:
            found = {row[0]: row[1] for row in connection.execute(chosen)}
        return {state: found.get(state, 0) for state in STATES}

    def decided(self, states: Sequence[State]) -> Iterator[Review]:
        """The reviews of these states, the oldest first."""
        chosen = select(table, archive.c.document, self.database.now().label("now"))
        chosen = chosen.outerjoin_from(table, archive, archive.c.id == table.c.id)
        chosen = chosen.where(table.c.state.in_(states)).order_by(table.c.created, table.c.id)
        with (
            self.database.reading() as connection,
            connection.execution_options(yield_per=20).execute(chosen) as rows,
        ):
            for row in rows:
                yield _review(row)

    # --- decided ---

    def act(self, identity: str, who: Who, action: Action, *, text: str = "", reason: str = "") -> Review:
        """Claim a review, give it back, decide on it, or open it again.

        Args:
            text: what an edited summary says.
            reason: why; a rejection needs it.

        Raises `HeldError` where somebody else is at it or it has been decided, `UsageError` for what makes no sense
        and where there is no such review.
        """
        text, reason = _sound(text), _sound(reason)
        _complete(action, text, reason)
        with self.trail.adding() as connection:
            chosen = select(table, self.database.now().label("now")).where(table.c.id == identity)
            row = connection.execute(chosen).first()
            if row is None:
                raise UsageError(f"{identity}: there is no such review")
            _refuse_held(row, who, action)
            change, done, details = _done(row, who, action, text, reason)
            if change:
                connection.execute(update(table).where(table.c.id == identity).values(change))
            if done:
                self.trail.add(connection, done, who, review=identity, **details)
        review = self.find(identity)
        if review is None:  # withdrawn at this very moment
            raise UsageError(f"{identity}: there is no such review")
        return review

    def exported(self, who: Who, count: int, place: str) -> None:
        """Tell the trail that pairs were made of reviews."""
        with self.trail.adding() as connection:
            self.trail.add(connection, "exported", who, pairs=count, place=place)


def fingerprint(text: str) -> str:
    """What the trail keeps of a text, so that it can be told later whether this was it."""
    return hashlib.sha256(text.encode()).hexdigest()


def _complete(action: Action, text: str, reason: str) -> None:
    if action == "edit" and not text:
        raise UsageError("text: an edited summary needs one")
    if action != "edit" and text:
        raise UsageError(f"text: to {action} takes none", hint="edit")
    if action == "reject" and not reason:
        raise UsageError("reason: a rejection needs one")
    if max(len(text), len(reason)) > LONGEST:
        raise UsageError(f"a text has at most {LONGEST:,} characters")


def _refuse_held(row: Row[Any], who: Who, action: Action) -> None:
    claim = _claim(row)
    if action == "reopen":
        if row.state == "open":
            raise HeldError("it is open")
    elif row.state != "open":
        raise HeldError(f"{row.reviewer} has {row.state} it", hint="reopen it first")
    elif claim is not None and claim.by != who:
        raise HeldError(
            f"{claim.by.name} is at it", hint="try again when they are done, or in a quarter of an hour"
        )


def _done(
    row: Row[Any], who: Who, action: Action, text: str, reason: str
) -> tuple[dict[str, Any], str, dict[str, Any]]:
    """What changes, how the trail calls it (empty: it is not worth an entry), and what it says of it."""
    free = {"claimant": None, "claimant_key": None, "claimed_until": None}
    said = {"reason": reason} if reason else {}
    if action == "claim":
        mine = {"claimant": who.name, "claimant_key": who.key, "claimed_until": row.now + CLAIM}
        return mine, "" if _claim(row) else "claimed", said
    if action == "release":
        return free, "released" if _claim(row) else "", said
    if action == "reopen":
        first = plain(json.loads(row.summary)["text"])
        return free | _OPEN | {"text": first}, "reopened", said | {"sha256": fingerprint(first)}
    decided = free | {"reviewer": who.name, "decided": row.now, "reason": reason or None}
    if action == "edit":
        if text == row.text:
            raise UsageError("text: nothing is changed", hint="approve it as it is")
        return (
            decided | {"state": "edited", "text": text},
            "edited",
            said | {"before": row.text, "after": text},
        )
    state = "approved" if action == "approve" else "rejected"
    return decided | {"state": state}, state, said | {"sha256": fingerprint(row.text)}


def _sound(text: str) -> str:
    """Without white space around it. Raises `UsageError` for what no database can keep."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError("text: it holds half a character", hint="write it in UTF-8") from None
    return plain(text).strip()


def _service(owner: str) -> Who:
    return Who("epitome", owner)


def _only(chosen: Select[Any], state: State | None, owner: str | None) -> Select[Any]:
    if state is not None:
        chosen = chosen.where(table.c.state == state)
    return chosen if owner is None else chosen.where(table.c.owner == owner)


def _claim(row: Row[Any]) -> Claim | None:
    if row.claimant is None or row.claimed_until <= row.now:
        return None
    return Claim(Who(row.claimant, row.claimant_key), row.claimed_until)


def _brief(row: Row[Any]) -> dict[str, Any]:
    names = ("id", "owner", "created", "state", "title", "text", "reviewer", "decided", "reason")
    told = {name: getattr(row, name) for name in names}
    why = [Doubt(**one) for one in json.loads(row.doubts)]
    return told | {"doubts": why, "claim": _claim(row)}


def _review(row: Row[Any]) -> Review:
    return Review(
        **_brief(row), request=json.loads(row.request), summary=json.loads(row.summary), document=row.document
    )
