"""`epitome keys`: who may ask the service. A running service sees each change at once."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from epitome.cli.kept import FOLDER, Data, Url, opened
from epitome.errors import UsageError

if TYPE_CHECKING:
    from epitome.desk.keys import Key, Keys

_EPILOG = """Examples:

    epitome keys make newsroom --days 365 --per-minute 60

    epitome keys list

    epitome keys rotate 1f3a9c02 --overlap 24

    epitome keys revoke 1f3a9c02"""

MOST_DAYS = 36_500

app = typer.Typer(
    no_args_is_help=True, help="Make, list, rotate and revoke the service's keys.", epilog=_EPILOG
)

Identity = Annotated[str, typer.Argument(help="The key's id: `epitome keys list`.", show_default=False)]


@app.command()
def make(
    name: Annotated[str, typer.Argument(help="The team or program that uses it.", show_default=False)],
    days: Annotated[float | None, typer.Option(help="Days until it ends.", show_default=False)] = None,
    per_minute: Annotated[
        int | None, typer.Option(min=1, max=10**9, help="Requests a minute at most.", show_default=False)
    ] = None,
    per_day: Annotated[
        int | None,
        typer.Option(
            min=1, max=10**9, help="Documents a day at most, by Greenwich's clock.", show_default=False
        ),
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="What it is for, once for each: summaries, read, checks, chat, jobs, archive, reviews. Default: all.",
            show_default=False,
        ),
    ] = None,
    reviewer: Annotated[
        bool, typer.Option("--reviewer", help="It may review what was summarised with other keys.")
    ] = False,
    data: Data = FOLDER,
    database: Url = None,
) -> None:
    """Make a key and print it. It is kept as a hash: nobody can print it again."""
    if days is not None and not 0 < days <= MOST_DAYS:
        raise UsageError(f"--days {days:g}: no time for a key", hint=f"above 0, at most {MOST_DAYS}")
    keys = _keys(data, database, new=True)
    key, secret = keys.make(
        name, days=days, per_minute=per_minute, reviewer=reviewer, scopes=scope or None, per_day=per_day
    )
    _made(key, secret)


@app.command("list")
def list_keys(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    data: Data = FOLDER,
    database: Url = None,
) -> None:
    """Every key there was, the oldest first."""
    for key in _keys(data, database).all():
        if as_json:
            scopes = None if key.scopes is None else sorted(key.scopes)
            print(json.dumps(asdict(key) | {"scopes": scopes, "valid": key.valid}))
        else:
            print(f"{key.id}  {_state(key):22}  {_limits(key):28}  made {_day(key.created)}  {key.name}")


@app.command()
def rotate(
    identity: Identity,
    overlap: Annotated[
        float, typer.Option(min=0, max=24 * 365, help="Hours for which the old one still works.")
    ] = 24,
    data: Data = FOLDER,
    database: Url = None,
) -> None:
    """Make a new key in a key's place and print it; the old one works on for a while."""
    key, secret = _keys(data, database).rotate(identity, overlap=3600 * overlap)
    _made(key, secret)


@app.command()
def revoke(identity: Identity, data: Data = FOLDER, database: Url = None) -> None:
    """End a key now."""
    _keys(data, database).revoke(identity)
    print(f"{identity} opens nothing any more", file=sys.stderr)


def _keys(data: Path, database: str | None, *, new: bool = False) -> Keys:
    found = opened(data, database, new=new)  # first: it says what has to be installed
    from epitome.desk.keys import Keys

    return Keys(found)


def _made(key: Key, secret: str) -> None:
    """The secret alone on standard output, so that a script can take it."""
    print(f"{key.id}, for {key.name}; this is printed once:", file=sys.stderr)
    print(secret)


def _state(key: Key) -> str:
    if key.revoked is not None:
        return f"revoked {_day(key.revoked)}"
    if key.expires is None:
        return "in use"
    return f"{'in use until' if key.valid else 'ended'} {_day(key.expires)}"


def _limits(key: Key) -> str:
    found = [f"{many} a {unit}" for many, unit in ((key.per_minute, "minute"), (key.per_day, "day")) if many]
    if key.scopes is not None:
        found.append("for " + " ".join(sorted(key.scopes)))
    return ", ".join(found) or "no limit"


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
