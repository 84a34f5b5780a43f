from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.engine_contract import EngineContract

from epitome.engines.llamacpp import LlamaCpp
from epitome.models.resolve import resolve


@pytest.fixture(scope="module")
def engine() -> Iterator[LlamaCpp]:
    with LlamaCpp(resolve("default"), context=1024, parallel=2) as engine:
        yield engine


class TestLlamaCpp(EngineContract):
    min_tokens = False
    exact = False  # two answers at once share matrix products
