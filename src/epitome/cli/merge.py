"""`epitome merge`: an adapter put into its base's weights, for programs that know no adapters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = """Examples:

    epitome merge runs/tldr -o merged                       # GGUF of a GGUF base, 8 bits

    epitome merge runs/tldr -o tldr.gguf

    epitome merge ./adapter -o merged --base org/name --format safetensors"""


def merge(
    adapter: Annotated[
        str, typer.Argument(help="A PEFT folder, or the name of an adapter.", show_default=False)
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="A new folder, or a .gguf file.", show_default=False)
    ],
    base: Annotated[
        str,
        typer.Option(help="The model it was trained on. Default: as the adapter says.", show_default=False),
    ] = "",
    form: Annotated[
        str,
        typer.Option("--format", help="gguf or safetensors. Default: as the base is.", show_default=False),
    ] = "",
) -> None:
    """Merge an adapter into the weights of its base."""
    from epitome.cli.progress import fetching
    from epitome.engines import export
    from epitome.models.folder import located

    with fetching() as report:
        made = export.merge(located(adapter), output, base=base, form=form, on_progress=report)
    typer.echo(f"{made} is ready: epitome summarize FILE --model {made}")
