"""JSON Web Tokens beside keys."""

from __future__ import annotations

import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from jwt.utils import base64url_encode

from epitome.errors import UsageError
from epitome.serve import tokens
from epitome.serve.tokens import Tokens

from .conftest import Opened

ISSUER, AUDIENCE = "https://login.example", "epitome"
KEY, NEXT, STRANGER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public(key: Any, named: str, **more: str) -> dict[str, Any]:
    """A row of a set of keys."""
    algorithm = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": named, **more}


def token(key: Any = KEY, named: str | None = "one", algorithm: str = "ES256", **changes: Any) -> str:
    """A good token, but for `changes`; a claim of None is left out."""
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "anna@example.org", "exp": time.time() + 600} | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm, headers={"kid": named} if named else None)


@pytest.fixture
def jwks(tmp_path: Path) -> Path:
    """A file of the issuer's public keys."""
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [public(KEY, "one"), public(RSA, "two")]}), "utf-8")
    return file


def test_a_token_opens_what_a_key_opens(opened: Opened, jwks: Path) -> None:
    client = opened(tokens=Tokens(ISSUER, AUDIENCE, str(jwks)))
    for good in (token(), token(RSA, "two", "RS256"), token(aud=["other", AUDIENCE])):
        assert client.get("/v1/models", headers={"Authorization": f"Bearer {good}"}).status_code == 200
    assert client.get("/v1/models").status_code == 200  # by the key that the client has
    refused = client.get("/v1/models", headers={"Authorization": f"Bearer {token(aud='other')}"})
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")


def test_the_bearer_of_a_token_has_an_id_that_names_nobody(jwks: Path) -> None:
    found = Tokens(ISSUER, AUDIENCE, str(jwks)).find(token())
    assert found is not None
    assert found.name == "anna@example.org"
    assert "anna" not in found.id
    assert found.id.startswith("jwt-")
    again = Tokens(ISSUER, AUDIENCE, str(jwks)).find(token(RSA, "two", "RS256"))
    assert again is not None
    assert again.id == found.id


@pytest.mark.parametrize(
    ("claims", "statuses"),
    [
        ({}, (200, 200)), ({"scope": "summaries checks"}, (200, 200)), ({"scope": "openid summaries"}, (200, 403)),
        ({"scp": ["checks"]}, (403, 200)), ({"scope": "openid"}, (403, 403)), ({"scope": 7}, (403, 403)),
    ],
)  # fmt: skip
def test_a_token_is_for_what_its_scope_says(
    opened: Opened, jwks: Path, claims: dict[str, Any], statuses: tuple[int, int]
) -> None:
    client = opened(tokens=Tokens(ISSUER, AUDIENCE, str(jwks)))
    headers = {"Authorization": f"Bearer {token(**claims)}"}
    text = "The heron waited by the sluice. Nobody saw it leave."
    asked = {"summaries": {"text": text}, "checks": {"text": text, "summary": "The heron waited."}}
    found = tuple(
        client.post(f"/v1/{at}", json=body, headers=headers).status_code for at, body in asked.items()
    )
    assert found == statuses


def unsigned() -> str:
    return jwt.encode({"iss": ISSUER, "aud": AUDIENCE, "sub": "a", "exp": time.time() + 600}, None, "none")


def shared_secret() -> str:
    """The public key taken for a shared secret, a known attack."""
    secret = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head = base64url_encode(json.dumps({"alg": "HS256", "typ": "JWT", "kid": "one"}).encode())
    signed = head + b"." + token().split(".")[1].encode()
    return (signed + b"." + base64url_encode(hmac.digest(secret, signed, "sha256"))).decode()


@pytest.mark.parametrize(
    "bad",
    [
        token(exp=time.time() - 60), token(exp=None), token(iss="https://evil.example"), token(iss=None),
        token(aud="other"), token(aud=None), token(sub=None), token(sub=7), token(nbf=time.time() + 600),
        token(STRANGER), token(named="three"), token(named=None), token(RSA, "one", "RS256"), unsigned(),
        shared_secret(), "a.b.c", "..", token()[:-4] + "AAAA", token().replace(".", ".e30", 1),
    ],
)  # fmt: skip
def test_any_other_token_opens_nothing(jwks: Path, bad: str) -> None:
    assert Tokens(ISSUER, AUDIENCE, str(jwks)).find(bad) is None


def test_a_clock_may_be_half_a_minute_off(jwks: Path) -> None:
    assert Tokens(ISSUER, AUDIENCE, str(jwks)).find(token(exp=time.time() - 10)) is not None


def test_the_only_key_needs_no_name(jwks: Path) -> None:
    jwks.write_text(json.dumps({"keys": [public(KEY, "one"), public(NEXT, "two", use="enc")]}), "utf-8")
    found = Tokens(ISSUER, AUDIENCE, str(jwks))
    assert found.find(token(named=None)) is not None
    assert found.find(token(NEXT, "two")) is None  # it is for encryption


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"keys": []}', '{"keys": [{"kty": "oct", "k": "YWJj"}]}', "{"]
)
def test_a_file_without_public_keys_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "jwks.json").write_text(text, "utf-8")
    with pytest.raises(UsageError, match="no set of keys"):
        Tokens(ISSUER, AUDIENCE, str(tmp_path / "jwks.json"))


@pytest.mark.parametrize("place", ["http://login.example/keys", "missing.json"])
def test_keys_that_cannot_be_trusted_or_read_are_told(place: str) -> None:
    with pytest.raises(UsageError):
        Tokens(ISSUER, AUDIENCE, place)


class Issuer:
    """An issuer on the loopback: its keys, how often it was asked, and whether it is down."""

    def __init__(self) -> None:
        self.keys, self.asked, self.down = [public(KEY, "one")], 0, False
        issuer = self

        class Answering(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked += 1
                self.send_response(503 if issuer.down else 200)
                self.end_headers()
                self.wfile.write(json.dumps({"keys": issuer.keys}).encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Answering)
        self.address = f"http://127.0.0.1:{self.server.server_port}/keys"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_keys_at_an_address_are_followed_when_they_change(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Tokens(ISSUER, AUDIENCE, issuer.address)
    assert issuer.asked == 0  # the service starts without its issuer
    assert found.find(token()) is not None
    assert found.find(token()) is not None
    issuer.keys.append(public(NEXT, "next"))
    for _ in range(3):  # strangers cannot make us ask at each request
        assert found.find(token(NEXT, "next")) is None
    assert issuer.asked == 1
    monkeypatch.setattr(tokens, "PATIENCE", 0.0)
    assert found.find(token(NEXT, "next")) is not None
    assert issuer.asked == 2
    issuer.down = True
    assert found.find(token(STRANGER, "unknown")) is None
    assert found.find(token()) is not None  # what was got last is used


def test_without_the_issuers_keys_a_token_is_answered_503(opened: Opened, issuer: Issuer) -> None:
    issuer.down = True
    client = opened(tokens=Tokens(ISSUER, AUDIENCE, issuer.address))
    answer = client.get("/v1/models", headers={"Authorization": f"Bearer {token()}"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert client.get("/v1/models").status_code == 200
