"""The command `epitome`: its sub-commands, and what a person sees when something goes wrong."""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated, NoReturn

import typer

from epitome.cli import models, summarize
from epitome.cli.exit import code_of, complain
from epitome.errors import EpitomeError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Summarise documents on this machine, and see where each sentence comes from.",
    epilog="Examples: epitome summarize report.pdf · epitome models list",
)
app.command("summarize", epilog=summarize.EXAMPLES)(summarize.summarize)
app.add_typer(models.app, name="models")


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
    debug = "--debug" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    signal.signal(signal.SIGINT, _interrupt)
    try:
        app(arguments, standalone_mode=True, prog_name="epitome")
    except EpitomeError as error:
        if debug:
            raise
        complain(error)
        sys.exit(code_of(error))
    except _Interrupted:
        print("epitome: interrupted; what was finished is kept", file=sys.stderr, flush=True)
        # A model that is still reading a prompt cannot be stopped in between.
        os._exit(130)
