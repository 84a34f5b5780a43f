"""JSON Web Tokens (RFC 7519) of one issuer, beside the keys of the service's own."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from epitome import settings
from epitome.desk.keys import SCOPES, Key
from epitome.errors import EngineError, EpitomeError, UsageError

log = logging.getLogger("epitome.serve")
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a private key alone: with a shared secret whoever can check a token can make one (RFC 8725, 3.1)."""
PUBLIC = ("RSA", "EC", "OKP")
FRESH, PATIENCE = 300.0, 10.0
"""Seconds for which a set of keys is not asked for again; and, where a token names an unknown key, at least."""
LEEWAY = 30
"""Seconds that clocks may differ."""
MOST = 1_000_000
"""Bytes of a set of keys."""


class UnreachableError(EpitomeError):
    """The issuer's keys cannot be had now."""


class Tokens:
    """Checks tokens: signature, issuer, audience, and that they have a subject and an end that has not come.

    Args:
        issuer, audience: what `iss` and `aud` have to be.
        keys: the issuer's public keys (RFC 7517), a file or an https address. They are got again every five minutes,
            and when a token names a key that is not among them; what was got last is used where that fails.

    Raises `UsageError` for a file that cannot be read or an address that must not be, `EngineError` where PyJWT is
    not installed.
    """

    def __init__(self, issuer: str, audience: str, keys: str) -> None:
        try:
            import jwt
        except ImportError as error:
            raise EngineError("tokens need pyjwt", hint="pip install 'epitome[serve]'") from error
        self._jwt: Any = jwt
        self._issuer, self._audience, self._place = issuer, audience, keys
        self._lock = Lock()
        self._held: dict[str | None, Any] = {}
        self._read = float("-inf")
        self._remote = _is_address(keys)
        if not self._remote:
            self._refresh()

    def find(self, token: str) -> Key | None:
        """The bearer of a valid token, as a key; None for any other.

        Raises `UnreachableError` where the issuer's keys were never got.
        """
        try:
            signer = self._signer(self._jwt.get_unverified_header(token).get("kid"))
            if signer is None:
                return None
            claims = self._jwt.decode(
                token, signer, algorithms=ALGORITHMS, issuer=self._issuer, audience=self._audience,
                leeway=LEEWAY, options={"require": ["exp", "iss", "aud", "sub"]},
            )  # fmt: skip
        except self._jwt.PyJWTError:
            return None
        # The subject may be a person's address: log lines get a hash of it.
        who = hashlib.sha256(f"{self._issuer}\0{claims['sub']}".encode()).hexdigest()[:12]
        made, end = float(claims.get("iat", 0)), float(claims["exp"])
        return Key(f"jwt-{who}", claims["sub"], made, end, scopes=_scopes(claims))

    def _signer(self, named: str | None) -> Any:
        """The public key of that id; the only one there is, where a token names none."""
        with self._lock:
            age = time.monotonic() - self._read
            if age > FRESH or (named not in self._held and age > PATIENCE):
                self._refresh()
            if not self._held:
                raise UnreachableError("the issuer's keys cannot be had now", hint="try again later")
            if named is None and len(self._held) == 1:
                return next(iter(self._held.values()))
            return self._held.get(named)

    def _refresh(self) -> None:
        self._read = time.monotonic()
        try:
            text = _fetched(self._place) if self._remote else Path(self._place).read_bytes()
            keys = self._jwt.PyJWKSet.from_dict(json.loads(text)).keys
            found = [key for key in keys if key.key_type in PUBLIC and key.public_key_use != "enc"]
            if not found:
                raise ValueError("none of them checks a signature")
        except (OSError, ValueError, TypeError, AttributeError, self._jwt.PyJWTError) as error:
            if not self._remote and not self._held:
                raise UsageError(f"{self._place}: no set of keys ({error})", hint="a JWKS file") from error
            log.warning("%s: the issuer's keys cannot be read (%s)", self._place, type(error).__name__)
            return
        self._held = {key.key_id: key for key in found}


def _scopes(claims: dict[str, Any]) -> frozenset[str] | None:
    """Those of ours that a token names, in `scope` (RFC 9068) or `scp`; all of them where it has neither."""
    named = claims.get("scope", claims.get("scp"))
    if named is None:
        return None
    words = named.split() if isinstance(named, str) else map(str, named if isinstance(named, list) else ())
    return frozenset(words) & set(SCOPES)


def _is_address(place: str) -> bool:
    """Whether it is one, and not a file. Raises `UsageError` for one that must not be asked."""
    address = urlsplit(place)
    if address.scheme not in ("http", "https"):
        return False
    here = address.hostname in ("localhost", "127.0.0.1", "::1")
    if address.scheme == "http" and not here:
        raise UsageError(f"{place}: anybody on the way could change these keys", hint="an https address")
    if settings.offline() and not here:
        raise UsageError(f"{place}: EPITOME_OFFLINE=1 forbids asking it", hint="name a file")
    return True


def _fetched(address: str) -> bytes:
    import httpx

    try:
        with httpx.stream("GET", address, timeout=5, headers={"Accept-Encoding": "identity"}) as answer:
            answer.raise_for_status()
            held = bytearray()
            for piece in answer.iter_raw(65536):
                held += piece
                if len(held) > MOST:
                    raise OSError("too large")
            return bytes(held)
    except httpx.HTTPError as error:
        raise OSError(str(error)) from error
