"""Dev in two halves, by the documents' ids: settings are chosen on the even one, the odd one has not been seen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence


def odd(identity: str) -> bool:
    """Whether a document belongs to the half that nothing was chosen on."""
    return hashlib.sha256(identity.encode()).digest()[-1] % 2 == 1


def halves(rows: Sequence[str]) -> tuple[list[str], list[str]]:
    """The JSON lines of the even half, and those of the odd one."""
    sides = {side: [row for row in rows if odd(json.loads(row)["id"]) is side] for side in (False, True)}
    return sides[False], sides[True]
