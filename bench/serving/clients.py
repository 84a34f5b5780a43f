"""Clients that ask at once, each its next request when its last is answered."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

PATIENCE = 1800.0
"""Seconds for an answer: a busy machine is slow."""


@dataclass(slots=True)
class Load:
    """What became of all requests."""

    seconds: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    answers: dict[int, dict[str, Any]] = field(default_factory=dict)


async def load(url: str, headers: dict[str, str], bodies: Sequence[dict[str, Any]], clients: int) -> Load:
    """All bodies sent to one address by so many clients; one that fails is counted by its status, or its error."""
    found = Load()
    waiting = iter(enumerate(bodies))

    async def one(client: httpx.AsyncClient) -> None:
        for number, body in waiting:
            began = time.perf_counter()
            try:
                answer = await client.post(url, json=body)
            except httpx.HTTPError as error:
                found.statuses[type(error).__name__] += 1
                continue
            found.latencies.append(time.perf_counter() - began)
            found.statuses[str(answer.status_code)] += 1
            if answer.status_code == 200:
                found.answers[number] = answer.json()

    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
    async with httpx.AsyncClient(headers=headers, timeout=PATIENCE, limits=limits) as client:
        began = time.perf_counter()
        await asyncio.gather(*(one(client) for _ in range(clients)))
        found.seconds = time.perf_counter() - began
    return found
