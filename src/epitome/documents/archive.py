"""Zip containers (DOCX, EPUB), opened with distrust."""

from __future__ import annotations

import io
import zipfile
import zlib

from epitome.errors import SourceError

MAX_UNPACKED = 400 * 1024 * 1024
"""Largest content, in bytes. Zipped text shrinks to a tenth or more: a real book stays far below."""
MAX_RATIO = 200
"""Largest unpacked-to-packed ratio of a member over 1 MB. Deflate ends at 1032; XML reaches about 50."""
MAX_MEMBERS = 20_000


def open_zip(data: bytes, name: str, kind: str) -> zipfile.ZipFile:
    """The archive, once its directory promises sane sizes; zipfile itself holds members to the promise.

    Raises SourceError for a broken archive, an encrypted one, or a zip bomb.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise broken(name, kind) from error
    bomb = len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_UNPACKED
    for member in members:
        if member.flag_bits & 0x1:
            raise SourceError(
                f"{name}: the {kind} file is encrypted", hint="save it without a password first"
            )
        bomb = bomb or member.file_size > max(1 << 20, MAX_RATIO * member.compress_size)
    if bomb:
        raise SourceError(
            f"{name}: unpacks to far more than a document holds (a zip bomb?)", hint="do not open it"
        )
    return archive


def member(archive: zipfile.ZipFile, path: str, name: str, kind: str) -> bytes:
    """One member's content. Raises SourceError where it is missing or broken, or declares XML entities."""
    try:
        data = archive.read(path)
    except (
        KeyError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        ValueError,
        OSError,
    ) as error:
        raise broken(name, kind) from error
    refuse_entities(data, name)
    return data


def refuse_entities(data: bytes, name: str) -> None:
    """Documents need no entity declarations; attacks (billion laughs, file inclusion) do."""
    if (
        b"<!ENTITY" in data
        or "<!ENTITY".encode("utf-16-le") in data
        or "<!ENTITY".encode("utf-16-be") in data
    ):
        raise SourceError(
            f"{name}: declares XML entities, which Epitome refuses", hint="save it again from its editor"
        )


def broken(name: str, kind: str) -> SourceError:
    """The error for a container that cannot be read."""
    return SourceError(
        f"{name}: the {kind} file is broken", hint="open it in its own program and save it again"
    )
