"""A process that reads one document and may do nothing else: `python -m epitome.serve.cell`.

It takes a line of JSON (`name`, `suffix`, `encoding`, and what it may use) and the document's bytes from standard
input, and answers with JSON: the document, or `error`. Whatever a hostile file does to its reader, it does here.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from epitome.errors import EpitomeError, SourceError
from epitome.serve.seal import seal

MOST = 10_000_000
"""Characters of a document's text: as many as a request's `text` has."""


def main() -> None:
    """Seal the process, then read."""
    asked = json.loads(sys.stdin.buffer.readline())
    seal(asked["memory"], asked["seconds"], asked["output"])
    try:
        written = _written(_read(sys.stdin.buffer.read(), asked["name"], asked["suffix"], asked["encoding"]))
    except EpitomeError as error:
        written = _written({"error": error.message})
    except MemoryError:
        written = _written({"error": f"{asked['name']}: reading it takes more memory than a document may"})
    sys.stdout.buffer.write(written)


def _written(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer, ensure_ascii=False).encode()


def _read(data: bytes, name: str, suffix: str, encoding: str | None) -> dict[str, Any]:
    from epitome.documents.source import parse

    document = parse(data, name, suffix, encoding)
    if len(document.text) > MOST:
        raise SourceError(f"{name}: it has more than {MOST:,} characters of text")
    return asdict(document)


if __name__ == "__main__":
    main()
