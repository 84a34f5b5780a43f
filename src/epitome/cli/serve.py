"""`epitome serve`: summaries over HTTP."""

from __future__ import annotations

import logging
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from epitome.cli.asked import one_of
from epitome.errors import EngineError, StoreError, UsageError

if TYPE_CHECKING:
    from epitome.desk.archive import Keeps
    from epitome.desk.keys import Keys
    from epitome.serve.server import Certificate
    from epitome.serve.tokens import Tokens
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


log = logging.getLogger("epitome.serve")


class LogFormat(StrEnum):
    """How the log is written."""

    text = "text"
    json = "json"


class LogLevel(StrEnum):
    """From what on it is written."""

    debug = "debug"
    info = "info"
    warning = "warning"
    error = "error"


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
    timeout: Annotated[
        float,
        typer.Option(min=1, help="Seconds that a request may take, waiting included; jobs may take longer."),
    ] = 600,
    parallel: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=256,
            help="Documents under way at once. Default: what suits the engine.",
            show_default=False,
        ),
    ] = None,
    cache: Annotated[
        int, typer.Option(min=0, help="MiB of summaries kept in memory, to be given again; 0: none.")
    ] = 64,
    model: Annotated[str, typer.Option(help="What `summarize --model` takes.")] = "default",
    adapter: Annotated[str, typer.Option(help="What `summarize --adapter` takes.")] = "auto",
    engine: Annotated[str, typer.Option(help="auto, llamacpp, openvino, transformers or openai.")] = "auto",
    mask: Annotated[
        bool, typer.Option("--mask", help="Mask every document before the model sees it (docs/masking.md).")
    ] = False,
    mask_model: Annotated[
        str | None, typer.Option(help="With --mask: what `mask --model` takes.", show_default=False)
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(help="Certificate and chain, PEM.", show_default=False)
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(help="Its private key, PEM without a password.", show_default=False)
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(help="Pages that may ask from a browser: https://news.example", show_default=False),
    ] = None,
    jwt_issuer: Annotated[
        str | None, typer.Option(help="Take this issuer's tokens beside keys.", show_default=False)
    ] = None,
    jwt_audience: Annotated[
        str | None, typer.Option(help="What `aud` of a token has to be.", show_default=False)
    ] = None,
    jwks: Annotated[
        str | None, typer.Option(help="The issuer's public keys: FILE or https URL.", show_default=False)
    ] = None,
    drain: Annotated[
        float,
        typer.Option(
            min=0, max=3600, help="Seconds after SIGTERM in which /readyz says 503 and work is still taken."
        ),
    ] = 0,
    log_format: Annotated[LogFormat, typer.Option(help="Of the lines on standard error.")] = LogFormat.text,
    log_level: Annotated[LogLevel, typer.Option(help="The least that is logged.")] = LogLevel.info,
) -> None:
    """Serve summaries over HTTP, to whoever has a key; OpenAI's clients work, too."""
    try:
        from epitome.desk.archive import Archive
        from epitome.desk.database import connect
        from epitome.desk.keys import Keys
        from epitome.desk.reviews import Reviews
        from epitome.serve import logs, traces
        from epitome.serve.app import application
        from epitome.serve.drift import Drift
        from epitome.serve.guard import origin
        from epitome.serve.server import run
        from epitome.serve.service import Service
    except ImportError as error:
        raise EngineError(
            f"serving needs {error.name}, which is not installed", hint="pip install 'epitome[serve]'"
        ) from error
    from epitome.cli.kept import made
    from epitome.cli.listen import listening_at
    from epitome.cli.progress import fetching
    from epitome.summarize.summarizer import Summarizer

    kept, certificate = _kept(archive), _certificate(tls_cert, tls_key)
    tokens = _tokens(jwt_issuer, jwt_audience, jwks)
    origins = [origin(named) for named in allow_origin or []]
    if review_below is not None and not review:
        raise UsageError("--review-below needs --review")
    masker = _masker(mask, mask_model)
    made(data)
    listening, _ = listening_at(host, port)
    logs.configure(log_format.value, log_level.value)
    keys = Keys(connect(database or data / "epitome.sqlite"))
    if not keys.all():
        _first_key(keys, key_file or data / "key.txt")
    tracing = traces.Tracing() if traces.wanted() else None
    with fetching() as report:
        summarizer = Summarizer(
            model, adapter=adapter, engine=engine, work=MANY, on_note=log.info, on_download=report
        )
    service = Service(summarizer, parallel=parallel, masker=masker, cache=cache * 2**20, timeout=timeout)
    app = application(
        service,
        keys,
        archived=Archive(keys.database, kept),
        reviewed=Reviews(keys.database, opens=review, below=review_below),
        private_webhooks=private_webhooks,
        tokens=tokens,
        origins=origins,
        tracing=tracing,
    )
    with app.state.metrics.following(Drift(data)):
        run(app, service, listening, certificate=certificate, drain=drain)


def _certificate(chain: Path | None, key: Path | None) -> Certificate | None:
    from epitome.serve.server import Certificate

    if chain is None and key is None:
        return None
    if chain is None or key is None:
        raise UsageError("--tls-cert and --tls-key belong together", hint="name both")
    certificate = Certificate(chain, key)
    certificate.check()
    return certificate


def _tokens(issuer: str | None, audience: str | None, keys: str | None) -> Tokens | None:
    from epitome.serve.tokens import Tokens

    if issuer is None and audience is None and keys is None:
        return None
    if issuer is None or audience is None or keys is None:
        raise UsageError("--jwt-issuer, --jwt-audience and --jwks belong together", hint="name all three")
    return Tokens(issuer, audience, keys)


def _kept(archive: str | None) -> Keeps | None:
    from epitome.desk.archive import KEEPS

    return one_of(KEEPS, archive, "--archive") if archive is not None else None


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
    log.info("the first key is in %s", file)
