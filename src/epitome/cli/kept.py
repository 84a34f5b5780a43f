"""What a service keeps, opened from the command line beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from epitome.errors import EngineError, StoreError

if TYPE_CHECKING:
    from epitome.desk.database import Database

FOLDER = Path("epitome-data")
Data = Annotated[Path, typer.Option(help="The folder that `epitome serve --data` names.")]
Url = Annotated[
    str | None,
    typer.Option(
        "--database",
        envvar="EPITOME_DATABASE",
        help="The database that `epitome serve --database` names. Default: that of the folder.",
        show_default=False,
        show_envvar=True,
        metavar="URL",
    ),
]


def opened(data: Path, url: str | None, *, new: bool = False) -> Database:
    """The database, made with `new` where there is none.

    Raises `StoreError` where it cannot be had, `EngineError` where what it needs is not installed.
    """
    try:
        from epitome.desk.database import connect
    except ImportError as error:
        raise EngineError(
            f"this needs {error.name}, which is not installed", hint="pip install 'epitome[serve]'"
        ) from error
    file = data / "epitome.sqlite"
    if url is None and new:
        made(data)
    elif url is None and not file.is_file():
        raise StoreError(
            f"{data}: no service keeps anything there", hint="--data, the folder of `epitome serve`"
        )
    return connect(url or file)


def made(data: Path) -> None:
    """The folder is there after this. Raises `StoreError` if it cannot be."""
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{data}: cannot be made ({error.strerror})", hint="name another --data") from error
