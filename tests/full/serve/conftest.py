"""A service under test: the application in this process, and a key to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from epitome import Summarizer
from epitome.desk.database import connect
from epitome.desk.keys import Keys
from epitome.serve.app import application
from epitome.serve.drift import Drift
from epitome.serve.service import Service

Opened = Callable[..., TestClient]


@contextmanager
def served(
    folder: Path, model: str = "lexrank", *, drift: Drift | None = None, **options: Any
) -> Iterator[TestClient]:
    """A client with a key; `options` are those of `application`. `lexrank` copies sentences and starts at once."""
    keys = Keys(connect(folder / "desk.sqlite"))
    _, secret = keys.make("tests")
    app = application(Service(Summarizer(model, engine="llamacpp")), keys, **options)
    headers = {"Authorization": f"Bearer {secret}"}
    following = app.state.metrics.following(drift) if drift is not None else nullcontext()
    with following, TestClient(app, headers=headers) as client:
        yield client
    keys.database.close()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """`served` without the block: what it opens is closed after the test."""
    with ExitStack() as stack:
        yield lambda model="lexrank", **options: stack.enter_context(served(tmp_path, model, **options))
