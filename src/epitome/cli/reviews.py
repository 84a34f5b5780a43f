"""`epitome reviews`: summaries that a person has to see, and the trail of what was done to them."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from epitome.cli.asked import one_of
from epitome.cli.documents import place, shortened
from epitome.cli.exit import SOME_FAILED
from epitome.cli.kept import FOLDER, Data, Url, opened
from epitome.errors import EpitomeError, SourceError, StoreError, UsageError
from epitome.types import SourceSpan

if TYPE_CHECKING:
    from epitome.desk.audit import Fault, Head, Who
    from epitome.desk.reviews import Action, Brief, Review, Reviews, State

_EPILOG = """Examples:

    epitome serve --archive documents --review      # what is doubtful gets into the queue

    epitome reviews list

    epitome reviews show 3fa9

    epitome reviews edit 3fa9 better.txt            # without a file: in your editor

    epitome reviews reject 3fa9 --reason "two people are mixed up"

    epitome reviews verify"""
SHORT = 8
"""Characters of an id that lists show; any beginning that is one review's alone will do."""

app = typer.Typer(
    no_args_is_help=True, help="Approve, edit or reject the summaries that need a person.", epilog=_EPILOG
)

Identity = Annotated[str, typer.Argument(help="How its id begins.", metavar="ID", show_default=False)]
Reviewer = Annotated[
    str | None,
    typer.Option(help="Who the trail names. Default: the user of this machine.", show_default=False),
]
Reason = Annotated[str, typer.Option(help="Why; kept in the trail.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_reviews(
    state: Annotated[str, typer.Option(help="open, approved, edited, rejected, or all.")] = "open",
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    data: Data = FOLDER,
    database: Url = None,
) -> None:
    """What waits, the oldest first; or what was decided, the newest first."""
    reviews = _reviews(data, database)
    for brief in reviews.all(state=_state(state), limit=limit):
        print(json.dumps(asdict(brief), ensure_ascii=False) if as_json else _row(brief))
    if not as_json:
        print(", ".join(f"{count} {name}" for name, count in reviews.counts().items()), file=sys.stderr)


@app.command()
def show(identity: Identity, as_json: AsJson = False, data: Data = FOLDER, database: Url = None) -> None:
    """A summary, each sentence beside its passages, why it waits, and what was done."""
    reviews = _reviews(data, database)
    review = reviews.named(identity)
    trail = reviews.trail.of(review.id)
    if as_json:
        told = asdict(review) | {"trail": [asdict(entry) for entry in trail]}
        print(json.dumps(told, ensure_ascii=False))
        return
    print(_page(review))
    for entry in trail:
        print(f"{_when(entry.at)}  {entry.action} by {entry.who.name}")


@app.command()
def approve(
    identity: Identity,
    reason: Reason = "",
    reviewer: Reviewer = None,
    data: Data = FOLDER,
    database: Url = None,
) -> None:
    """Say that a summary may be used as it is."""
    _act(_reviews(data, database), identity, "approve", reviewer, reason=reason)


@app.command()
def edit(
    identity: Identity,
    file: Annotated[
        Path | None,
        typer.Argument(help="The better text; - is standard input. Default: your editor opens."),
    ] = None,
    reason: Reason = "",
    reviewer: Reviewer = None,
    data: Data = FOLDER,
    database: Url = None,
) -> None:
    """Say what a summary should be instead."""
    reviews = _reviews(data, database)
    if file is not None:
        _act(reviews, identity, "edit", reviewer, text=_read(file), reason=reason)
        return
    if not sys.stdin.isatty():
        raise UsageError(
            "what should it say?", hint=f"epitome reviews edit {identity} FILE, or - and the text"
        )
    # Claimed before the editor opens, so that nobody decides on it meanwhile.
    review = _act(reviews, identity, "claim", reviewer, quiet=True)
    try:
        text = _edited(review.text)
        if text.strip() == review.text:
            raise UsageError("nothing was edited", hint=f"epitome reviews approve {identity}")
        _act(reviews, review.id, "edit", reviewer, text=text, reason=reason)
    except EpitomeError:
        _act(reviews, review.id, "release", reviewer, quiet=True)
        raise


@app.command()
def reject(
    identity: Identity,
    reason: Annotated[str, typer.Option(help="Why; kept in the trail.", show_default=False)],
    reviewer: Reviewer = None,
    data: Data = FOLDER,
    database: Url = None,
) -> None:
    """Say that a summary must not be used."""
    _act(_reviews(data, database), identity, "reject", reviewer, reason=reason)


@app.command()
def reopen(identity: Identity, reviewer: Reviewer = None, data: Data = FOLDER, database: Url = None) -> None:
    """Put a decided review back into the queue, its text as the model wrote it."""
    _act(_reviews(data, database), identity, "reopen", reviewer)


@app.command()
def verify(
    head: Annotated[
        str | None,
        typer.Option(
            help="NUMBER:HASH that an earlier `verify` printed: the trail has to go on from there.",
            show_default=False,
        ),
    ] = None,
    data: Data = FOLDER,
    database: Url = None,
) -> None:
    """Is the audit trail whole? Names the first entry that was changed, removed or put in; then the exit code is 1."""
    noted = _head(head)
    kept = opened(data, database)
    from epitome.desk.verify import verify as verified

    found = verified(kept, noted)
    if found.fault is not None:
        print(f"the trail is broken: {_fault(found.fault)}")
    for stray in found.strays:
        print(f"review {stray} is not as the trail says")
    if not found.whole:
        sys.exit(SOME_FAILED)
    print(f"{found.head.number} entries, whole; note this elsewhere, it holds them all:", file=sys.stderr)
    print(f"{found.head.number}:{found.head.hash}")


def _reviews(data: Path, url: str | None) -> Reviews:
    kept = opened(data, url)
    from epitome.desk.reviews import Reviews

    return Reviews(kept)


def _state(named: str) -> State | None:
    from epitome.desk.reviews import STATES

    known: tuple[State | Literal["all"], ...] = (*STATES, "all")
    chosen = one_of(known, named, "--state")
    return None if chosen == "all" else chosen


def _who(named: str | None) -> Who:
    from epitome.desk.audit import Who, local

    return local() if named is None else Who(named)


def _act(
    reviews: Reviews,
    identity: str,
    action: Action,
    reviewer: str | None,
    *,
    text: str = "",
    reason: str = "",
    quiet: bool = False,
) -> Review:
    from epitome.desk.reviews import HeldError

    review = reviews.named(identity)
    try:
        done = reviews.act(review.id, _who(reviewer), action, text=text, reason=reason)
    except HeldError as error:
        raise StoreError(f"{review.id[:SHORT]}: {error.message}", hint=error.hint) from None
    if not quiet:
        print(f"{done.id[:SHORT]} is {done.state}", file=sys.stderr)
    return done


def _read(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{file}: cannot be read ({error})", hint="a text file in UTF-8") from error


def _edited(text: str) -> str:
    """The text as it comes out of the person's editor."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "summary.txt")
        file.write_text(text + "\n", "utf-8")
        try:
            subprocess.run([*shlex.split(editor), str(file)], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise StoreError(
                f"{editor}: the editor failed ({error})", hint="set EDITOR, or name a file"
            ) from error
        return _read(file)


def _head(named: str | None) -> Head | None:
    from epitome.desk.audit import Head

    if named is None:
        return None
    number, _, digest = named.strip().partition(":")
    if not (number.isascii() and number.isdigit() and len(digest) == 64):
        raise UsageError(
            f"--head {named}: not NUMBER:HASH", hint="the line that `epitome reviews verify` prints"
        )
    return Head(int(number), digest)


def _fault(fault: Fault) -> str:
    return f"entry {fault.number} was {fault.what}, or was the first of several"


def _row(brief: Brief) -> str:
    doubts = ", ".join(dict.fromkeys(doubt.kind for doubt in brief.doubts))
    held = f"  ({brief.claim.by.name} is at it)" if brief.claim else ""
    done = f"  by {brief.reviewer}" if brief.reviewer else held
    head = f"{brief.id[:SHORT]}  {_when(brief.created)}  {brief.state:8}  {doubts}{done}"
    return f"{head}\n    {shortened(brief.text, 160)}"


def _page(review: Review) -> str:
    lines = [f"{review.id}  {review.state}", *filter(None, [review.title]), "", review.text, ""]
    lines += [f"! {doubt.kind}: {shortened(doubt.said)}" for doubt in review.doubts]
    if review.reason:
        lines.append(f"reason: {review.reason}")
    for number, sentence in enumerate(review.summary["sentences"], 1):
        mark = "" if sentence["supported"] else ", doubtful"
        lines.append(f"\n[{number}] {sentence['text']}\n    support {sentence['support']:.2f}{mark}")
        for fact in sentence["facts"]:
            nearest = f"; the document says: {shortened(fact['nearest'], 80)}" if fact["nearest"] else ""
            lines.append(f"    ! {fact['kind']}: {fact['text']}{nearest}")
        spans = [SourceSpan(**span) for span in sentence["sources"]]
        lines += [f"    {place(span)}: {shortened(span.text)}" for span in spans if span.text]
    return "\n".join([*lines, ""])


def _when(moment: float) -> str:
    return datetime.fromtimestamp(moment).strftime("%Y-%m-%d %H:%M")
