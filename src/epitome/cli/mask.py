"""`epitome mask`: personal data out of a text, and back in."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from epitome.errors import StoreError, UsageError

if TYPE_CHECKING:
    from epitome.trust.masking import Masked

EXAMPLES = """Examples:

    epitome mask letter.txt                                # to the screen, with <PERSON_1> for a name

    epitome mask letter.docx -o masked.txt --map map.json  # the way back lies in map.json: keep it to yourself

    epitome mask --restore answer.txt --map map.json       # names into what was written about the masked text

    epitome mask report.pdf --kinds email,phone,card

    epitome mask letter.txt --model spacy:en_core_web_trf  # an installed NER model finds names beside the rules"""


def mask(
    source: Annotated[str, typer.Argument(help="A file, a URL, or - for standard input.", metavar="FILE")],
    kinds: Annotated[
        str | None,
        typer.Option(
            help="Of person, email, phone, card, iban, id, passport, ip, url, birth, address. Default: all.",
            metavar="KIND,…",
            show_default=False,
        ),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--map",
            help="Write what stands for what (JSON); with --restore: read it.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")] = None,
    restore: Annotated[bool, typer.Option("--restore", help="Put back what --map knows.")] = False,
    model: Annotated[
        str | None,
        typer.Option(
            help="An installed model that finds names beside the rules: spacy:NAME, or a transformers folder.",
            show_default=False,
        ),
    ] = None,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Let URLs point into the private network.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No count of what was masked.")] = False,
) -> None:
    """Replace personal data by placeholders such as <PERSON_1>, or put it back."""
    from epitome.documents.source import verbatim

    for written, name in ((output, "-o"), (mapping if not restore else None, "--map")):
        if written is not None and source != "-" and _same(written, Path(source)):
            raise UsageError(f"{name} {written} is the text itself", hint="name another file")
    if output is not None and mapping is not None and _same(output, mapping):
        raise UsageError("-o and --map are one file", hint="name two")
    if restore:
        if mapping is None:
            raise UsageError(
                "--restore needs --map", hint="the file that --map wrote when the text was masked"
            )
        for given, name in ((kinds, "--kinds"), (model, "--model")):
            if given is not None:
                raise UsageError(f"{name} is for masking, not for --restore")
        _write(_restored(verbatim(source, allow_private=allow_private), mapping), output)
        return
    from epitome.trust.masking import KINDS, Masker

    asked = KINDS if kinds is None else [kind.strip() for kind in kinds.split(",")]
    masked = Masker(asked, model)(verbatim(source, allow_private=allow_private))
    if mapping is not None:
        _keep(masked, mapping)
    _write(masked.text, output)
    if not quiet:
        counts = ", ".join(f"{count} {kind}" for kind, count in masked.counts.items())
        print(f"masked: {counts or 'nothing was found'}", file=sys.stderr)


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _restored(text: str, mapping: Path) -> str:
    from epitome.documents.source import not_readable
    from epitome.trust.masking.masked import read_mapping, restored

    try:
        written = mapping.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise not_readable(mapping, error) from error
    return restored(text, *read_mapping(written, str(mapping)))


def _keep(masked: Masked, file: Path) -> None:
    """The mapping, readable by its owner alone."""
    written = json.dumps(masked.mapping(), ensure_ascii=False, indent=1)
    try:
        file.unlink(missing_ok=True)  # an older one may be open to all
        with os.fdopen(
            os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as opened:
            opened.write(written + "\n")
    except OSError as error:
        raise StoreError(
            f"{file}: cannot be written ({error.strerror})", hint="name another place"
        ) from error


def _write(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        return
    from epitome.store.journal import replacing

    with replacing(output) as file:
        file.write(text)
