"""Terms of use that a person must accept before a model is used, and the record that they were."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from epitome import settings
from epitome.errors import ModelError
from epitome.models import cache
from epitome.models.catalogue import Entry


def record() -> Path:
    """The file that says which terms were accepted, and when."""
    return settings.home() / "terms.json"


def accepted(entry: Entry) -> bool:
    """Whether the entry has no terms, or they were accepted on this machine."""
    return not entry.terms or entry.terms in _read()


def accept(entry: Entry) -> None:
    """Note that the user accepts the entry's terms; they hold for every model under the same terms."""
    known = _read()
    known[entry.terms] = {"url": entry.terms_url, "accepted": datetime.now(UTC).isoformat(timespec="seconds")}
    cache.write_atomically(record(), json.dumps(known, indent=1) + "\n")


def require(entry: Entry) -> None:
    """Raise `ModelError` with the one command to run, unless the entry's terms are accepted."""
    if not accepted(entry):
        raise ModelError(
            f"{entry.name} may be used only under the {entry.terms}, which were not accepted on this machine",
            hint=f"read and accept them with `epitome models pull {entry.name}`",
        )


def _read() -> dict[str, dict[str, str]]:
    try:
        data = json.loads(record().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}
