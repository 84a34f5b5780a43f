"""The real default model, loaded once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from epitome import Summarizer


@pytest.fixture(scope="session")
def summarizer() -> Iterator[Summarizer]:
    with Summarizer("default", engine="llamacpp") as opened:
        yield opened
