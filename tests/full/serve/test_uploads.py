"""Files over HTTP: what they are is told by content, and a hostile one harms its own process alone."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from epitome import Summarizer
from epitome.desk.database import connect
from epitome.desk.keys import Keys
from epitome.documents import read
from epitome.serve import opened
from epitome.serve.app import application
from epitome.serve.guard import LARGEST
from epitome.serve.reading import Limits, Reading
from epitome.serve.service import Service

EXAMPLES = Path(__file__).parents[3] / "examples"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    keys = Keys(connect(tmp_path_factory.mktemp("desk") / "d.sqlite"))
    _, secret = keys.make("tests")
    service = Service(Summarizer(engine="llamacpp"))
    with TestClient(application(service, keys), headers={"Authorization": f"Bearer {secret}"}) as client:
        yield client


def sent(
    client: TestClient, data: bytes, name: str = "a.bin", to: str = "read", **fields: Any
) -> httpx.Response:
    return client.post(f"/v1/{to}", files={"file": (name, data)}, data=fields)


def told(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    return str(error["message"])


@pytest.mark.parametrize(
    "name",
    ["paper.pdf", "judgment.docx", "chapter.epub", "news.html", "manual.md", "talk.srt", "article-zh.txt"],
)
def test_a_file_is_read_as_the_command_reads_it(client: TestClient, name: str) -> None:
    found = sent(client, (EXAMPLES / name).read_bytes(), name).json()
    document = read(EXAMPLES / name)
    assert found["text"] == document.text
    assert (found["title"], found["language"]) == (document.title, document.language)
    assert [part["start"] for part in found["sections"]] == [part.start for part in document.sections]
    assert found["source"] == name


def test_content_and_not_the_name_says_what_a_file_is(client: TestClient) -> None:
    found = sent(client, (EXAMPLES / "chapter.epub").read_bytes(), "../../etc/a <b>photo.jpg").json()
    assert found["title"] == "The Grey Box"
    assert found["source"] == "a _b_photo.jpg"


def test_a_file_is_summarised_and_checked_with_the_fields_of_a_request(client: TestClient) -> None:
    talk = (EXAMPLES / "talk.srt").read_bytes()
    summary = sent(
        client,
        talk,
        "talk.srt",
        "summaries",
        style="sentence",
        sentences="1",
        seed="3",
        read_all="true",
        focus="",
    ).json()
    assert (summary["seed"], summary["source"]) == (3, "talk.srt")
    assert len(summary["sentences"]) == 1
    answer = client.post(
        "/v1/summaries",
        files={"file": ("talk.srt", talk)},
        data={"mention": ["zebra", "quagga"], "style": "sentence", "stream": "true"},
    )
    assert "event: summary" in answer.text
    assert "zebra" in answer.text
    assert "quagga" in answer.text
    checked = sent(
        client, b"It rained for 3 days.", "a.txt", "checks", summary="It rained for 9 days."
    ).json()
    assert [fact["text"] for fact in checked["facts"]] == ["9"]


def test_what_was_read_is_taken_back_as_the_document(client: TestClient) -> None:
    document = sent(client, (EXAMPLES / "paper.pdf").read_bytes(), "paper.pdf").json()
    # The words of one sentence: whether they are supported is seen without a model.
    summary = document["text"][document["sections"][2]["start"] :].split("\n\n")[1].split(". ")[0] + "."
    checked = client.post("/v1/checks", json={"document": document, "summary": summary}).json()
    source = checked["sentences"][0]["sources"][0]
    assert document["text"][source["start"] : source["end"]] == source["text"]
    assert source["page"] >= 1
    worse = document | {"sections": [{"title": "", "level": 1, "start": 0, "end": 10**9}]}
    assert "outside" in told(client.post("/v1/checks", json={"document": worse, "summary": summary}), 400)
    worse = document | {"origins": [{"start": 9}, {"start": 3}]}
    assert "in order" in told(client.post("/v1/checks", json={"document": worse, "summary": summary}), 400)
    for worse in (document | {"text": "a \ud800."}, document | {"title": "\udfff"}):
        body = json.dumps({"document": worse, "summary": summary})
        answer = client.post("/v1/checks", content=body, headers={"Content-Type": "application/json"})
        assert "surrogates" in told(answer, 400)
    both = {"document": document, "text": "It rained.", "summary": summary}
    assert "one of them" in told(client.post("/v1/checks", json=both), 400)


@pytest.mark.parametrize(
    ("fields", "files", "said"),
    [
        ({}, [], "one of them"),
        ({"text": "It rained."}, [("file", ("a.txt", b"It rained."))], "one of them"),
        ({}, [("file", ("a.txt", b"a")), ("file", ("b.txt", b"b"))], "Too many files"),
        ({}, [("paper", ("a.txt", b"a"))], "`file`"),
        ({"colour": "red"}, [("file", ("a.txt", b"a"))], "colour"),
        ({"title": ["a", "b"]}, [("file", ("a.txt", b"a"))], "given twice"),
    ],
)
def test_forms_that_make_no_sense(
    client: TestClient, fields: dict[str, Any], files: list[Any], said: str
) -> None:
    # A form without a file is one of another type; `files` makes it multipart.
    answer = client.post("/v1/read", data=fields, files=files or {"title": (None, "a")})
    assert said in told(answer, 400)


def test_a_form_that_breaks_off(client: TestClient) -> None:
    head = {"Content-Type": "multipart/form-data; boundary=b"}
    for body in (b"", b'--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nabc', b"--x--"):
        assert client.post("/v1/read", content=body, headers=head).status_code == 400
    assert (
        client.post("/v1/read", content=b"", headers={"Content-Type": "multipart/form-data"}).status_code
        == 400
    )


def test_the_openapi_document_tells_of_both_kinds_of_body(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    for path in ("/v1/read", "/v1/summaries", "/v1/checks"):
        content = described["paths"][path]["post"]["requestBody"]["content"]
        assert content.keys() == {"application/json", "multipart/form-data"}
        form = content["multipart/form-data"]["schema"]["properties"]
        assert form["file"]["format"] == "binary"
        assert "document" not in form
    assert "Document" in described["components"]["schemas"]
    assert "$ref" not in json.dumps(form)


def test_a_file_that_is_too_large(client: TestClient) -> None:
    assert "bytes" in told(sent(client, b"a" * LARGEST), 413)


# --- files that mean harm ---


def zipped(**members: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return data.getvalue()


def pdf(content: bytes) -> bytes:
    """One page with this content stream, deflated."""
    packed = zlib.compress(content)
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F1 %s>>>>>>"
        % font,
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed),
    ]
    written = b"%PDF-1.4\n"
    for number, content in enumerate(objects, 1):
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    return written + b"trailer<</Size 5/Root 1 0 R>>\n%%EOF"


LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha">%s]>' % b"".join(
    b'<!ENTITY %c "%s">' % (letter, b"&%c;" % (letter - 1) * 10) for letter in range(ord("b"), ord("k"))
)
HOSTILE = {
    "zip-bomb.docx": (zipped(word__document_dot_xml=b"\0" * 60_000_000), "zip bomb"),
    "entities.docx": (
        zipped(word__document_dot_xml=LAUGHS + b'<w:document xmlns:w="%s">&j;</w:document>' % WORD.encode()),
        "entities",
    ),
    "entities.epub": (
        zipped(**{"META-INF__container_dot_xml": LAUGHS + b"<container>&j;</container>"}),
        "entities",
    ),
    "garbage.pdf": (b"%PDF-1.7\n" + bytes(range(256)) * 400, "broken"),
    "empty.pdf": (b"", "empty"),
    "program": (b"\x7fELF" + bytes(400), "binary"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_in_words(client: TestClient, name: str) -> None:
    data, said = HOSTILE[name]
    assert said in told(sent(client, data, name), 422)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(seconds=2), "its reader broke, or needed more"),
        (Limits(patience=1, memory=8 << 30), "longer than 1 s"),
    ],
)
def test_a_file_without_end_is_given_up(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, limits: Limits, said: str
) -> None:
    monkeypatch.setattr(opened, "READING", Reading(limits))
    endless = pdf(b"BT /F1 9 Tf 9 9 Td " + b"(all work and no play) Tj " * 1_000_000 + b"ET")
    assert said in told(sent(client, endless, "endless.pdf"), 422)
    assert client.get("/healthz").text == "ok"


def test_a_file_that_fills_the_memory_is_given_up(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened, "READING", Reading(Limits(memory=300 << 20)))
    assert "than a document may" in told(sent(client, b"a\n\n" * 2_000_000, "many.txt"), 422)


def test_the_end_of_the_service_ends_what_is_read() -> None:
    reading = Reading()
    endless = pdf(b"BT /F1 9 Tf 9 9 Td " + b"(all work and no play) Tj " * 1_000_000 + b"ET")
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(asyncio.run, reading.read(endless, "endless.pdf"))
        while not waiting.done():
            reading.stop()
            time.sleep(0.05)
    assert "broke" in str(waiting.exception())


def test_more_documents_than_can_wait_are_refused(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened, "READING", Reading(parallel=1, waiting=-1))
    answer = sent(client, b"It rained.", "a.txt")
    assert "wait to be read" in told(answer, 429)
    assert answer.headers["retry-after"]


def test_its_process_has_neither_network_nor_programs_nor_secrets(tmp_path: Path) -> None:
    tried = (
        "import ctypes, os, sys; from epitome.serve.seal import seal; seal(1 << 30, 5, 1 << 20)\n"
        "libc = ctypes.CDLL(None)\n"
        "print(libc.socket(2, 1, 0), libc.fork(), libc.kill(os.getppid(), 0))\n"
        "for event in ('socket.connect', 'subprocess.Popen', 'os.system'):\n"
        "    try: sys.audit(event)\n"
        "    except PermissionError: print('refused')\n"
        "try: bytearray(2 << 30)\n"
        "except MemoryError: print('refused')\n"
        "try: open(sys.argv[1], 'wb').write(bytes(2 << 20))\n"
        "except OSError: print('refused')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", tried, str(tmp_path / "big")], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["-1", "-1", "-1"] + ["refused"] * 5
