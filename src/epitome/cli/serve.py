"""`epitome serve`: summaries over HTTP."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from epitome.errors import EngineError, StoreError, UsageError

if TYPE_CHECKING:
    from epitome.desk.archive import Keeps
    from epitome.desk.keys import Keys
    from epitome.trust.masking import Masker

EXAMPLES = """Examples:

    epitome serve                                         # port 8000; data and the first key in ./epitome-data

    curl -H "Authorization: Bearer $(cat epitome-data/key.txt)" -H "Content-Type: application/json" \\
        -d '{"text": "…", "style": "bullets"}' http://127.0.0.1:8000/v1/summaries

    epitome serve --host 0.0.0.0 --port 8080 --data /srv/epitome --key-file /run/secrets/epitome

    EPITOME_DATABASE=postgresql://epitome:secret@db/epitome epitome serve --archive summaries

    epitome serve --archive documents --review            # http://127.0.0.1:8000/reviews, or `epitome reviews`"""
MANY = 1000
"""Documents to expect: enough for `auto` to choose the engine that is fastest once it has started."""


def serve(
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8000,
    data: Annotated[Path, typer.Option(help="Folder for keys and what is kept.")] = Path("epitome-data"),
    key_file: Annotated[
        Path | None,
        typer.Option(
            help="Where the first key is written. Default: key.txt in the data folder.", show_default=False
        ),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            envvar="EPITOME_DATABASE",
            help="URL of a PostgreSQL database that several servers may share, or of another SQLite file. Default: "
            "epitome.sqlite in the data folder.",
            show_default=False,
            show_envvar=True,
            metavar="URL",
        ),
    ] = None,
    archive: Annotated[
        str | None,
        typer.Option(help="Keep what was summarised: summaries, or documents as well.", show_default=False),
    ] = None,
    review: Annotated[
        bool,
        typer.Option(
            "--review", help="Queue summaries that a person has to see: doubtful ones, and rated down."
        ),
    ] = False,
    review_below: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="With --review: the support under which a sentence is doubtful. Default: what the check doubts.",
            show_default=False,
        ),
    ] = None,
    private_webhooks: Annotated[
        bool,
        typer.Option("--private-webhooks", help="Webhooks may lead to this machine and private networks."),
    ] = False,
    model: Annotated[str, typer.Option(help="What `summarize --model` takes.")] = "default",
    adapter: Annotated[str, typer.Option(help="What `summarize --adapter` takes.")] = "auto",
    engine: Annotated[str, typer.Option(help="auto, llamacpp, openvino, transformers or openai.")] = "auto",
    mask: Annotated[
        bool, typer.Option("--mask", help="Mask every document before the model sees it (docs/masking.md).")
    ] = False,
    mask_model: Annotated[
        str | None, typer.Option(help="With --mask: what `mask --model` takes.", show_default=False)
    ] = None,
) -> None:
    """Serve summaries over HTTP, to whoever has a key; OpenAI's clients work, too."""
    try:
        import uvicorn

        from epitome.desk.archive import Archive
        from epitome.desk.database import connect
        from epitome.desk.keys import Keys
        from epitome.desk.reviews import Reviews
        from epitome.serve.app import application
        from epitome.serve.service import Service
    except ImportError as error:
        raise EngineError(
            f"serving needs {error.name}, which is not installed", hint="pip install 'epitome[serve]'"
        ) from error
    from epitome.cli.listen import listening_at
    from epitome.cli.progress import fetching, note
    from epitome.summarize.summarizer import Summarizer

    kept = _kept(archive)
    if review_below is not None and not review:
        raise UsageError("--review-below needs --review")
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{data}: cannot be made ({error.strerror})", hint="name another --data") from error
    masker = _masker(mask, mask_model)
    listening, address = listening_at(host, port)
    keys = Keys(connect(database or data / "epitome.sqlite"))
    if not keys.all():
        _first_key(keys, key_file or data / "key.txt")
    with fetching() as report:
        summarizer = Summarizer(
            model, adapter=adapter, engine=engine, work=MANY, on_note=note, on_download=report
        )
    print(f"serving at {address} (Ctrl-C ends)", file=sys.stderr, flush=True)
    app = application(
        Service(summarizer, masker=masker),
        keys,
        archived=Archive(keys.database, kept),
        reviewed=Reviews(keys.database, opens=review, below=review_below),
        private_webhooks=private_webhooks,
    )
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=60
    )
    uvicorn.Server(config).run(sockets=[listening])


def _kept(archive: str | None) -> Keeps | None:
    from epitome.desk.archive import KEEPS

    for known in KEEPS:
        if archive == known:
            return known
    if archive is None:
        return None
    raise UsageError(f"--archive {archive}: nothing that can be kept", hint=f"one of {', '.join(KEEPS)}")


def _masker(mask: bool, model: str | None) -> Masker | None:
    if not mask:
        if model is not None:
            raise UsageError("--mask-model goes with --mask")
        return None
    from epitome.trust.masking import Masker

    return Masker(model=model)


def _first_key(keys: Keys, file: Path) -> None:
    """Made once, and readable by its owner alone, who may also review."""
    _, secret = keys.make("first", reviewer=True)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as written:
            written.write(secret + "\n")
        file.chmod(0o600)
    except OSError as error:
        raise StoreError(
            f"{file}: the first key cannot be written ({error.strerror})", hint="--key-file"
        ) from error
    print(f"the first key is in {file}", file=sys.stderr)
