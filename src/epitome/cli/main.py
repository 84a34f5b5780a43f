"""The command `epitome`: its sub-commands, and what a person sees when something goes wrong."""

from __future__ import annotations

import errno
import os
import signal
import sys
from typing import Annotated, NoReturn

import typer

from epitome.cli.commands import Commands
from epitome.cli.exit import NOTHING_DONE, code_of, complain
from epitome.errors import EpitomeError, StoreError

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Summarise documents on this machine, and see where each sentence comes from.",
    epilog="Examples: epitome summarize report.pdf · epitome models list",
)


def _version(asked: bool) -> None:
    if asked:
        from epitome import __version__

        print(f"epitome {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    pass


class _Interrupted(BaseException):
    """Ctrl-C. Not a KeyboardInterrupt, which Typer would turn into an exit code of its own."""


def _interrupt(*_: object) -> NoReturn:
    raise _Interrupted


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 some sources failed, 2 usage, 3 nothing done, 130 interrupted."""
    # Accepted anywhere on the line, as people add it when something has just failed.
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    signal.signal(signal.SIGINT, _interrupt)
    try:
        app(arguments, standalone_mode=True, prog_name="epitome")
    except EpitomeError as error:
        complain(error)
        sys.exit(code_of(error))
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
            # Files of ours are written under a StoreError: this is standard output.
            complain(StoreError(f"standard output cannot be written ({error.strerror})"))
            os._exit(NOTHING_DONE)  # what is still in its buffer would fail once more
        print(
            f"epitome: unexpected {type(error).__name__}: {error} — please report it with what --debug shows",
            file=sys.stderr,
        )
        sys.exit(NOTHING_DONE)
    except _Interrupted:
        print("epitome: interrupted; what was finished is kept", file=sys.stderr, flush=True)
        # A model that is still reading a prompt cannot be stopped in between.
        os._exit(130)
