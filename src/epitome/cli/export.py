"""`epitome export`: a model as a file for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = """Examples:

    epitome export default -o smollm2.gguf --kind f16

    epitome export default -o smollm2 --format safetensors

    epitome export runs/full -o tuned.gguf                 # full weights, trained from a GGUF base"""


def export(
    model: Annotated[str, typer.Argument(help="A model's name, file, folder or hub id.", show_default=False)],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="A .gguf file, or a new folder.", show_default=False)
    ],
    form: Annotated[
        str,
        typer.Option(
            "--format", help="gguf or safetensors. Default: gguf for a .gguf file.", show_default=False
        ),
    ] = "",
    kind: Annotated[
        str,
        typer.Option(help="q8_0, f16 or f32. Default: q8_0 in GGUF, as it is otherwise.", show_default=False),
    ] = "",
) -> None:
    """Write a model as GGUF or safetensors."""
    from epitome.cli.progress import fetching
    from epitome.engines.export import export as write

    with fetching() as report:
        made = write(model, output, form=form, kind=kind, on_progress=report)
    typer.echo(f"{made} is ready")
