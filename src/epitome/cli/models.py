"""`epitome models`: what can be used, what is on this machine, and what it costs to get."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from epitome.models.catalogue import Entry
    from epitome.models.folder import Trained
    from epitome.models.model import Model

_EPILOG = """Examples:

    epitome models list

    epitome models pull qwen3-0.6b

    epitome models pull org/name:Q4_K_M

    epitome models show default --verify

Wherever a model is named, these work:

    a name of the list, or a .gguf file, or a folder with safetensors

    a hub id: org/name, org/name/file.gguf, org/name:Q4_K_M

    an OpenAI-compatible server: http://host:port/v1#model"""

app = typer.Typer(no_args_is_help=True, help="List, fetch, inspect and remove models.", epilog=_EPILOG)

Name = Annotated[
    str, typer.Argument(help="A name of the list, a file, a folder or a hub id.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.command("list", epilog="Example: epitome models list --json")
def list_models(as_json: AsJson = False) -> None:
    """Every model of the catalogue and the cache, with size, licence, languages and context."""
    from epitome.models import cache, catalogue

    rows = [_row(entry) for entry in catalogue.entries()]
    known = {row["name"] for row in rows}
    rows += [_cached_row(name) for name in cache.names() if name not in known]
    if as_json:
        _print_json(rows)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE, pad_edge=False)
    for title in ("name", "parameters", "size", "licence", "languages", "context", "where"):
        table.add_column(
            title,
            overflow="fold",
            no_wrap=title in {"name", "size", "context"},
            justify="right" if title in {"size", "context"} else "left",
        )
    for row in rows:
        table.add_row(*(str(cell) for cell in _cells(row)))
    console = Console(highlight=False)
    console.print(table)
    for name, trained in _shipped():
        console.print(
            f"--adapter {name}: on {trained.base}, for {', '.join(trained.suits or trained.domains)}",
            soft_wrap=True,
        )


def _shipped() -> Iterator[tuple[str, Trained]]:
    """The adapters that come with the package."""
    from epitome.models import folder

    for name in folder.shipped():
        if trained := folder.read(folder.SHIPPED / name):
            yield name, trained


@app.command(epilog="Examples: epitome models pull default · epitome models pull gemma3-270m --accept-terms")
def pull(
    name: Name,
    force: Annotated[bool, typer.Option("--force", help="Fetch it again, whatever is cached.")] = False,
    accept_terms: Annotated[
        bool, typer.Option("--accept-terms", help="Accept the model's terms of use, which you have read.")
    ] = False,
) -> None:
    """Fetch a model into the cache, verified; say what is fetched and how large it is."""
    from epitome.cli.progress import fetching
    from epitome.models import catalogue
    from epitome.models.resolve import pull as fetch

    entry = catalogue.find(name)
    if entry:
        _agree(entry, accept_terms)
    with fetching() as report:
        model = fetch(name, force=force, on_progress=report)
    typer.echo(f"{model.name} is ready: {model.path or model.url or 'built in'}")
    if entry and (notices := _notices(entry)):
        typer.echo(f"its terms and notices: {', '.join(str(path) for path in notices)}")


@app.command(epilog="Example: epitome models show default --verify")
def show(
    name: Name,
    verify: Annotated[bool, typer.Option("--verify", help="Compute the SHA-256 again and compare.")] = False,
    as_json: AsJson = False,
) -> None:
    """What is known of a model; nothing is fetched."""
    from epitome.models import catalogue
    from epitome.models.resolve import find
    from epitome.models.resolve import verify as verify_model

    model = find(name)
    entry = catalogue.find(name)
    if model is None and (entry is None or verify):
        raise _not_here(name)
    facts: dict[str, Any] = _row(entry) if entry else {}
    if model:
        facts |= _facts(model)
        if verify:
            facts |= {"sha256": verify_model(model), "verified": "yes"}
    if as_json:
        _print_json(facts)
        return
    width = max(map(len, facts))
    for key, value in facts.items():
        shown = ", ".join(value) if isinstance(value, (list, tuple)) else value
        if shown not in ("", None):
            typer.echo(f"{key.replace('_', ' '):{width}}  {shown}")


@app.command(epilog="Example: epitome models remove qwen3-0.6b --yes")
def remove(name: Name, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False) -> None:
    """Delete a model from the cache, with what was made of it."""
    from epitome.cli.progress import size
    from epitome.errors import UsageError
    from epitome.models import cache, catalogue
    from epitome.models.resolve import uncache

    if not catalogue.find(name) and Path(name).expanduser().exists():
        raise UsageError(f"{name} is not in Epitome's cache", hint="delete the file yourself")
    if not yes:
        typer.confirm(f"Delete {name} from {cache.models_folder()}?", abort=True, err=True)
    typer.echo(f"{name} removed, {size(uncache(name))} freed")


@app.command(epilog="Example: llama-server -m $(epitome models path default)")
def path(name: Name) -> None:
    """Print where a model lies on this machine; nothing is fetched."""
    from epitome.models.resolve import find

    model = find(name)
    if model is None or model.path is None:
        raise _not_here(name)
    typer.echo(model.path)


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "kind": entry.kind,
        "title": entry.title,
        "parameters": entry.parameters,
        "size": entry.size,
        "download": entry.download,
        "licence": entry.licence,
        "terms": entry.terms_url,
        "languages": list(entry.languages),
        "context": entry.context,
        "template": entry.template,
        "note": entry.note,
        "sha256": entry.sha256,
        "where": _where(entry),
    }


def _cached_row(name: str) -> dict[str, Any]:
    from epitome.models import cache

    total = sum(record.size for record in cache.records(name).values())
    return {"name": name, "size": total, "languages": [], "where": "cached"}


def _where(entry: Entry) -> str:
    from epitome.errors import ModelError
    from epitome.models import terms
    from epitome.models.resolve import cached

    try:
        if cached(entry):
            return "cached"
    except ModelError:
        return "damaged"
    return "available" if terms.accepted(entry) else "has terms"


def _cells(row: dict[str, Any]) -> list[str]:
    from epitome.cli.progress import size

    languages = row["languages"]
    shown = " ".join(languages) or (row.get("note", "").partition(";")[0] or "?")
    context = row.get("context", 0)
    return [
        row["name"],
        row.get("parameters", ""),
        size(row["size"]),
        row.get("licence", ""),
        shown,
        f"{context:,}" if context else "?",
        row["where"],
    ]


def _facts(model: Model) -> dict[str, Any]:
    """What the files themselves say."""
    facts: dict[str, Any] = {"name": model.name, "format": model.format}
    facts |= {"context": model.context or None, "template": model.template}
    if model.licence:
        facts["licence"] = model.licence
    if model.path:
        facts["path"] = str(model.path)
    if model.url:
        facts["url"] = model.url
    if model.format == "gguf" and model.path:
        from epitome.models import gguf

        head = gguf.read(model.path)
        facts["architecture"] = head.architecture
        facts["weights"] = list(head.tensor_types)
        facts["parameters"] = f"{head.parameters:,}"
        facts["size"] = model.path.stat().st_size
    return facts


def _notices(entry: Entry) -> list[Path]:
    from epitome.models import cache

    wanted = [Path(member).name for source in entry.sources for member in source.notices[1:]]
    return [found for name in wanted if (found := cache.folder(entry.name) / name).is_file()]


def _agree(entry: Entry, accepted: bool) -> None:
    """Have the user accept the entry's terms, unless they did before."""
    from epitome.errors import ModelError
    from epitome.models import terms

    if terms.accepted(entry):
        return
    typer.echo(f"{entry.title} may be used only under the {entry.terms}: {entry.terms_url}", err=True)
    if not accepted and not _asked():
        raise ModelError(
            f"the {entry.terms} were not accepted, nothing is fetched",
            hint=f"once you have read them: `epitome models pull {entry.name} --accept-terms`",
        )
    terms.accept(entry)


def _asked() -> bool:
    """A person's answer; no where nobody can be asked (end of input)."""
    try:
        return typer.confirm("Do you accept them?", default=False, err=True)
    except typer.Abort:
        typer.echo(err=True)  # ends the line of the question
        return False


def _not_here(name: str) -> Exception:
    from epitome.errors import ModelError

    return ModelError(f"{name} is not on this machine", hint=f"`epitome models pull {name}` fetches it")


def _print_json(value: Any) -> None:
    import json

    typer.echo(json.dumps(value, ensure_ascii=False, indent=1))
