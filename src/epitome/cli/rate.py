"""`epitome rate`: people's judgements, collected blind in a local web page."""

from __future__ import annotations

import json as jsons
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from epitome.cli.asked import one_of
from epitome.errors import EngineError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epitome.evaluate.rating.store import Store

EXAMPLES = """Examples:

    epitome rate dev.jsonl --system default --system theirs=outputs.jsonl --study study.db --limit 50

    epitome rate dev.jsonl --system lead --system default --study likert.db --mode likert

    epitome rate --study study.db                               # go on with it

    epitome rate --study study.db --report ratings.html --json ratings.json"""


def rate(
    study: Annotated[
        Path, typer.Option(help="The study's file; made if it is not there.", show_default=False)
    ],
    data: Annotated[str | None, typer.Argument(help="What to make the study of.", show_default=False)] = None,
    system: Annotated[
        list[str] | None, typer.Option(help="As for `epitome evaluate`. At least two for a pairwise study.")
    ] = None,
    mode: Annotated[str, typer.Option(help="pairwise (which is better?) or likert (1 to 5).")] = "pairwise",
    question: Annotated[
        list[str] | None, typer.Option(help="A question in your own words; may be repeated.")
    ] = None,
    raters: Annotated[int, typer.Option(min=1, max=100, help="Judgements each item is to have.")] = 3,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first documents.")] = None,
    seed: Annotated[int, typer.Option(help="Of the order in which items are shown.")] = 0,
    host: Annotated[
        str, typer.Option(help="Where to listen; beyond this machine a key is needed.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8100,
    report: Annotated[
        Path | None, typer.Option(help="Write what the study says as one HTML page, and end.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write it as JSON, and end; - is standard output.")
    ] = None,
) -> None:
    """Make a study of systems' summaries, let people judge them blind, and report what they say."""
    if data is None and system:
        raise UsageError("--system needs data to summarise", hint="epitome rate DATA --system … --study FILE")
    if data is None and not study.exists():
        raise UsageError(
            f"{study}: there is no such study", hint="epitome rate DATA --system … --study FILE makes one"
        )
    asked = _asked(mode, question, raters, seed)
    with _opened(study, data, system or (), asked, limit) as store:
        if report is None and json is None:
            _serve(store, host, port)
        else:
            _report(store, report, json)


def _asked(mode: str, question: Sequence[str] | None, raters: int, seed: int) -> dict[str, object]:
    from epitome.evaluate.rating.study import MODES, QUESTIONS

    chosen = one_of(MODES, mode, "--mode")
    return {"mode": chosen, "questions": tuple(question or QUESTIONS[chosen]), "raters": raters, "seed": seed}


def _opened(
    path: Path, data: str | None, systems: Sequence[str], asked: dict[str, object], limit: int | None
) -> Store:
    from epitome.cli.progress import fetching, note, stages_bar
    from epitome.datasets.read import load
    from epitome.evaluate.rating.make import make
    from epitome.evaluate.rating.store import Store
    from epitome.evaluate.run import Watch
    from epitome.evaluate.systems import named

    if data is None:
        return Store(path)
    with fetching() as download:
        dataset = load(data, limit=limit, on_progress=download)
    if path.exists():
        store = Store(path)
        store.require(dataset.fingerprint, [named(one)[0] for one in systems] or store.plan.systems)
        return store
    if not systems:
        raise UsageError(
            "which systems are to be judged?", hint="--system default --system theirs=outputs.jsonl"
        )
    with fetching() as download, stages_bar(False) as stage:
        store, left_out = make(path, dataset, systems, asked, Watch(stage, note, download))
    if left_out:
        note(f"{left_out} documents left out: a system has no summary of them")
    return store


def _serve(store: Store, host: str, port: int) -> None:
    try:
        import uvicorn

        from epitome.evaluate.rating.app import LOOPBACK, application
    except ImportError as error:
        raise EngineError(
            f"the web page needs {error.name}, which is not installed", hint="pip install 'epitome[serve]'"
        ) from error
    import secrets

    from epitome.cli.listen import listening_at

    key = None if host in LOOPBACK else secrets.token_urlsafe(16)
    listening, address = listening_at(host, port)
    listening.listen()  # who opens the address at once waits for the page instead of being refused
    address = f"{address}/{f'?key={key}' if key else ''}"
    print(
        f"{len(store.items())} items to judge at {address} (Ctrl-C ends; nothing is lost)",
        file=sys.stderr,
        flush=True,
    )
    config = uvicorn.Config(
        application(store, key=key), log_level="warning", access_log=False, server_header=False
    )
    uvicorn.Server(config).run(sockets=[listening])


def _report(store: Store, report: Path | None, json: Path | None) -> None:
    from epitome.evaluate.rating.analyse import analyse
    from epitome.evaluate.rating.report import html, in_words
    from epitome.store.journal import replacing

    found = analyse(store.plan, store.items(), store.ratings())
    for path, text in (
        (report, html(found, store.path.name)),
        (json, jsons.dumps(found.as_dict(), ensure_ascii=False)),
    ):
        if path is not None and str(path) == "-":
            print(text)
        elif path is not None:
            with replacing(path) as file:
                file.write(text + "\n")
    if json is not None and str(json) == "-":
        return
    print(
        f"{found.ratings} judgements by {len(found.raters)} people, {found.finished} of {found.items} items finished"
    )
    for one in found.standings:
        print(f"{one.system}: {one.mean:.2f} ({one.low:.2f} to {one.high:.2f}) {one.question}")
    for duel in found.duels:
        print(f"{duel.a} beside {duel.b}: {duel.difference:+.2f} ({duel.low:+.2f} to {duel.high:+.2f}), "
              f"p {duel.corrected:.3f}, {in_words(duel)}: {duel.question}")  # fmt: skip
    for agreed in found.agreement:
        print(f"alpha {agreed.alpha:.2f} ({agreed.low:.2f} to {agreed.high:.2f}): {agreed.question}")
