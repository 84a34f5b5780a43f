from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.engine_contract import EngineContract

from epitome.engines.huggingface import Transformers
from epitome.models.resolve import resolve


@pytest.fixture(scope="module")
def engine() -> Iterator[Transformers]:
    with Transformers(resolve("default"), context=1024, dtype="float32") as engine:
        yield engine


class TestTransformers(EngineContract):
    pass
