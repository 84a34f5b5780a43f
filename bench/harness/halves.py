"""Dev in two halves, by the documents' ids: settings are chosen on the even one, the odd one has not been seen."""

from __future__ import annotations

import hashlib


def odd(identity: str) -> bool:
    """Whether a document belongs to the half that nothing was chosen on."""
    return hashlib.sha256(identity.encode()).digest()[-1] % 2 == 1
