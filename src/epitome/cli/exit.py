"""One clear line for an error, and the exit code that scripts rely on."""

from __future__ import annotations

import sys
import traceback

from epitome.errors import EpitomeError, UsageError

SOME_FAILED = 1
USAGE = 2
NOTHING_DONE = 3


def complain(error: EpitomeError) -> None:
    """Say on standard error what went wrong and what to do about it; with `--debug`, also where."""
    if "--debug" in sys.argv:
        traceback.print_exception(error)
    line = f"epitome: {error.message}"
    if error.hint:
        line += f" — {error.hint}"
    print(" ".join(line.split()), file=sys.stderr)


def code_of(error: EpitomeError) -> int:
    """2 where the request itself makes no sense, else 3."""
    return USAGE if isinstance(error, UsageError) else NOTHING_DONE
