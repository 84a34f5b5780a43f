"""From what a user names to a Document: a path, `-`, a URL, a folder."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from epitome.errors import SourceError
from epitome.types import Document

MAX_BYTES = 200 * 1024 * 1024
"""Largest source read, in bytes: forty times the longest novel."""

_URL = re.compile(r"https?://", re.IGNORECASE)
READABLE = (
    *(".txt", ".text", ".md", ".markdown", ".rst", ".log"),
    *(".html", ".htm", ".xhtml", ".pdf", ".docx", ".epub", ".srt", ".vtt"),
)
"""Suffixes taken from a folder. A file named by itself is read whatever it is called."""


def read(
    source: str | Path, *, allow_private: bool = False, timeout: float = 30.0, max_bytes: int = MAX_BYTES
) -> Document:
    """Read one document: a path, `-` for standard input, or an `http(s)://` URL.

    The format is told by content first and by the name's suffix second. `allow_private` lets a URL lead to
    this machine or a private network; `timeout` is in seconds for the whole download; `max_bytes` bounds what
    is read. Raises SourceError (missing, empty, binary, too large, unreadable, dead URL) and OfflineError (a
    URL while `EPITOME_OFFLINE=1`), each with one clear line.
    """
    named = str(source)
    if named == "-":
        return parse(_stdin(max_bytes), "-")
    if isinstance(source, str) and _URL.match(source):
        from epitome.documents.fetch import fetch

        page = fetch(source, allow_private=allow_private, timeout=timeout, max_bytes=max_bytes)
        return parse(page.data, source, page.suffix, page.encoding)
    return parse(_file(Path(named), max_bytes), named, Path(named).suffix.lower())


def parse(data: bytes, name: str, suffix: str = "", encoding: str | None = None) -> Document:
    """Read one document from its bytes.

    `name` stands in errors and becomes the document's source; `suffix` (lower case, with its dot) and `encoding` are
    what is known beside the content. Raises SourceError as `read` does.
    """
    return _filled(_parse(data, name, suffix, encoding))


def expand(sources: Sequence[str]) -> list[str]:
    """Replace folders among `sources` by the readable files below them: sorted, hidden ones left out.

    Raises SourceError for a folder without any readable file.
    """
    found: list[str] = []
    for source in sources:
        if source == "-" or _URL.match(source) or not Path(source).is_dir():
            found.append(source)
            continue
        files = sorted(_below(Path(source)))
        if not files:
            raise SourceError(
                f"{source}: no readable file in this folder",
                hint="Epitome takes "
                + ", ".join(sorted(READABLE))
                + " from folders; name other files one by one",
            )
        found += map(str, files)
    return found


def _below(folder: Path) -> list[Path]:
    files: list[Path] = []
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files += [
            Path(root, name)
            for name in names
            if not name.startswith(".") and Path(name).suffix.lower() in READABLE
        ]
    return files


def too_large(name: str, max_bytes: int) -> SourceError:
    """The error for a source over the size limit."""
    return SourceError(
        f"{name}: larger than the limit of {max_bytes / 1024 / 1024:.3g} MB",
        hint="split it, or give read() a larger max_bytes",
    )


def _stdin(max_bytes: int) -> bytes:
    stream = getattr(sys.stdin, "buffer", None)
    data = stream.read(max_bytes + 1) if stream else sys.stdin.read().encode()
    if len(data) > max_bytes:
        raise too_large("-", max_bytes)
    if not data.strip():
        raise SourceError("standard input is empty", hint="pipe a document in, or name a file")
    return bytes(data)


def _file(path: Path, max_bytes: int) -> bytes:
    try:
        if path.is_dir():
            raise SourceError(f"{path}: is a folder", hint="expand() lists the readable files of a folder")
        with path.open("rb") as stream:
            data = stream.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        raise not_readable(path, error) from error
    if len(data) > max_bytes:
        raise too_large(str(path), max_bytes)
    if not data.strip():
        raise SourceError(
            f"{path}: the file is empty", hint="check that it was saved, and that it is the right one"
        )
    return data


def not_readable(path: Path, error: OSError | ValueError) -> SourceError:
    """The error for a file that the system does not let us open."""
    if isinstance(error, FileNotFoundError):
        return SourceError(f"{path}: no such file", hint=_near(path))
    if isinstance(error, IsADirectoryError):
        return SourceError(f"{path}: is a folder", hint="name a file in it")
    if isinstance(error, PermissionError):
        return SourceError(f"{path}: no permission to read it", hint="check its owner and mode")
    reason = getattr(error, "strerror", None) or error
    return SourceError(f"{path!s:.200}: cannot be read: {reason}", hint="check the name")


def _near(path: Path) -> str:
    import difflib

    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return f"there is no folder {path.parent} either"
    close = difflib.get_close_matches(path.name, names, n=3, cutoff=0.6)
    if not close:
        close = [name for name in sorted(names) if Path(name).stem == path.stem][:3]
    return (
        "did you mean " + " or ".join(str(path.parent / name) for name in close) + "?"
        if close
        else "check the name"
    )


# --- which reader ---


def _filled(document: Document) -> Document:
    """The document, unless nothing visible was in it (a page of zero-width spaces, say)."""
    if not document.text:
        raise SourceError(f"{document.source}: there is no text in it", hint="check that it is the right one")
    return document


_MARKDOWN = frozenset({".md", ".markdown", ".mdown", ".mkd"})
_HTML = frozenset({".html", ".htm", ".xhtml"})
_SUBTITLES = frozenset({".srt", ".vtt"})
_HTML_START = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.I | re.S
)
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UTF8_MARK = b"\xef\xbb\xbf"


def _parse(data: bytes, name: str, suffix: str, encoding: str | None) -> Document:
    head = data[:4096].removeprefix(_UTF8_MARK)
    if b"%PDF-" in head[:1024]:
        from epitome.documents.pdf import read_pdf

        return read_pdf(data, name)
    if head.startswith(b"PK\x03\x04"):
        return _zipped(data, name)
    if head.startswith((_OLD_OFFICE, b"{\\rtf")):
        raise SourceError(
            f"{name}: an old or encrypted Office file, or RTF",
            hint="save it as DOCX without a password",
        )
    if suffix in _HTML or _HTML_START.match(head):
        from epitome.documents.html import read_html

        return read_html(data, name, encoding)
    return _plain(data, name, suffix, encoding)


def _zipped(data: bytes, name: str) -> Document:
    from epitome.documents.archive import open_zip

    names = set(open_zip(data, name, "ZIP").namelist())
    if "word/document.xml" in names:
        from epitome.documents.docx import read_docx

        return read_docx(data, name)
    if "META-INF/container.xml" in names:
        from epitome.documents.epub import read_epub

        return read_epub(data, name)
    raise SourceError(
        f"{name}: an archive that is neither DOCX nor EPUB", hint="unpack it and name the files"
    )


def _plain(data: bytes, name: str, suffix: str, encoding: str | None) -> Document:
    from epitome.documents import subtitles
    from epitome.documents.text import read_text

    if suffix in {".pdf", ".docx", ".epub"} and b"\0" in data[:4096]:
        kind = suffix[1:].upper()
        raise SourceError(
            f"{name}: the {kind} file is broken", hint="open it in its own program and save it again"
        )
    if suffix in _SUBTITLES or subtitles.CUES.match(data[:4096].decode("utf-8", "ignore").lstrip("\ufeff")):
        return subtitles.read_subtitles(data, name)
    if suffix in _MARKDOWN:
        from epitome.documents.markdown import read_markdown

        return read_markdown(data, name)
    return read_text(data, name, encoding)
