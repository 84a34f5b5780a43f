"""Tells whoever wants to know that a job has ended: signed, and again until it arrives.

Headers and signature are those of Standard Webhooks (www.standardwebhooks.com), for which receivers have libraries.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import time
from datetime import UTC, datetime

import httpx

from epitome.desk.webhooks import Delivery, Webhooks
from epitome.documents.fetch import checked_addresses, pinned, proxy
from epitome.errors import EpitomeError, StoreError
from epitome.serve.jobs import told

POLL = 1.0
"""Seconds between looks for what is due."""
TIMEOUT = 10.0
"""Seconds for a receiver to answer, from the look-up of its name on."""
SENDERS = 8
"""Deliveries under way at once: a receiver that hangs holds up few others."""
_log = logging.getLogger("epitome")


class Sender:
    """Sends what is due, until it is closed.

    Args:
        webhooks: what is due; several servers may share it.
        allow_private: whether an address may lead to this machine or into a private network.
    """

    def __init__(self, webhooks: Webhooks, *, allow_private: bool = False) -> None:
        self._webhooks = webhooks
        self._allow_private = allow_private
        self._room = asyncio.Semaphore(SENDERS)
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    def start(self) -> None:
        """Begin, in the running event loop."""
        self._running = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Send nothing new, and see what is under way through: each try has its time."""
        self._closing = True
        await self._running
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _run(self) -> None:
        while not self._closing:
            await self._room.acquire()
            try:
                delivery = await asyncio.to_thread(self._webhooks.claim)
            except Exception as error:
                # Of a database that is away, the worker speaks already.
                if not isinstance(error, StoreError):
                    _log.exception("webhooks: looking for one")
                delivery = None
            if delivery is None:
                self._room.release()
                await asyncio.sleep(POLL)
                continue
            task = asyncio.create_task(self._send(delivery))
            self._tasks.add(task)
            task.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._room.release()
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("webhooks: %s", error)

    async def _send(self, delivery: Delivery) -> None:
        body, gone = payload(delivery), False
        signed = headers(self._webhooks.secret(delivery.job.owner), delivery.job.id, int(time.time()), body)
        try:
            status = await post(delivery.url, body, signed, allow_private=self._allow_private)
        except Exception as error:  # whatever it is, it must not be tried for ever
            reason = error.message if isinstance(error, EpitomeError) else _reason(error)
        else:
            if 200 <= status < 300:
                return await asyncio.to_thread(self._webhooks.delivered, delivery)
            reason = f"the receiver answered {status}"
            gone = status == 410  # it asks for nothing more
        if await asyncio.to_thread(self._webhooks.failed, delivery, reason, last=gone):
            _log.warning("webhooks: that of job %s is given up: %s", delivery.job.id, reason)


def payload(delivery: Delivery) -> bytes:
    """What is sent: how the job ended, without its texts."""
    ended = datetime.fromtimestamp(delivery.job.finished or 0, UTC)
    said = {
        "type": f"job.{delivery.job.state}",
        "timestamp": ended.isoformat().replace("+00:00", "Z"),
        "data": told(delivery.job),
    }
    return json.dumps(said).encode()


def headers(secret: str, identity: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers that say of what, when and from whom. `secret` is `whsec_` and base64."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = hmac.digest(key, f"{identity}.{timestamp}.".encode() + body, hashlib.sha256)
    return {
        "Webhook-Id": identity,
        "Webhook-Timestamp": str(timestamp),
        "Webhook-Signature": f"v1,{base64.b64encode(signature).decode()}",
        "Content-Type": "application/json",
        "User-Agent": "Epitome",
    }


async def post(url: str, body: bytes, signed: dict[str, str], *, allow_private: bool) -> int:
    """The status that a receiver answers with; its body is not read, and no redirect followed.

    Raises `SourceError` for an address in a private network, `TimeoutError`, and httpx's errors.
    """
    target = httpx.URL(url)
    port = target.port or (443 if target.scheme == "https" else 80)
    through = proxy(target)
    async with asyncio.timeout(TIMEOUT):
        addresses = await asyncio.to_thread(checked_addresses, target.host, port, "webhook", allow_private)
        async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False, proxy=through) as client:
            for number, address in enumerate(addresses):
                where, host, extensions = (target, {}, {}) if through else pinned(target, address)
                try:
                    async with client.stream(
                        "POST", where, content=body, headers=signed | host, extensions=extensions
                    ) as response:
                        return response.status_code
                except httpx.ConnectError:
                    if number == len(addresses) - 1:
                        raise
    raise httpx.ConnectError("the name leads to no address")


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return f"no answer within {TIMEOUT:g} s"
    return f"it cannot be reached ({str(error).strip() or type(error).__name__})"
