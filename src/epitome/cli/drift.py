"""`epitome drift`: has what the service is asked, and how well it answers, moved?"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Annotated

import typer

from epitome.errors import EngineError

EXAMPLES = """Examples:

    epitome drift --data epitome-data --set-reference     # the last 1,000 documents are what is normal

    epitome drift --data epitome-data                     # and how far are those of today from it?"""


def drift(
    data: Annotated[Path, typer.Option(help="The folder that `serve --data` names.")] = Path("epitome-data"),
    set_reference: Annotated[
        bool, typer.Option("--set-reference", help="Make the service's last documents the reference.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Compare the service's last documents with a reference: length, language, support, lengths that were met."""
    try:
        from epitome.serve import drift as shifts
    except ImportError as error:
        raise EngineError(
            f"this needs {error.name}, which is not installed", hint="pip install 'epitome[serve]'"
        ) from error
    if set_reference:
        many = sum(shifts.set_reference(data)["length"].values())
        print(f"the reference is what the last {many} documents were", file=sys.stderr)
        return
    old, new = shifts.reference(data), shifts.window(data)
    found = {signal: shifts.index(old, new, signal) for signal in shifts.SIGNALS}
    if as_json:
        rows = {signal: None if math.isnan(value) else round(value, 4) for signal, value in found.items()}
        print(json.dumps({"index": rows, "reference": old, "window": new}))
        return
    for signal, value in found.items():
        counted = f"{sum(new[signal].values())} documents"
        if math.isnan(value):
            said = f"not judged: {'there is no reference' if old is None else 'too few documents'}"
        else:
            said = f"{value:.2f}  {'moved' if value > shifts.MOVED else 'as in the reference'}"
        print(f"{signal:10} {counted:15} {said}")
