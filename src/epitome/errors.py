"""What can go wrong, as a person would name it.

    EpitomeError
    ├── UsageError            the request itself makes no sense               (exit code 2)
    ├── SourceError           a document cannot be read                       (exit code 1 or 3)
    ├── ModelError            a model cannot be found, fetched or trusted     (exit code 3)
    │   └── OfflineError      it would need the network, which is switched off
    ├── EngineError           a model cannot be run as asked
    │   └── ContextError      a prompt is longer than the model's context
    └── StoreError            something cannot be written (full disk, no permission)

Every error says what was wrong with which input; `hint` says what to do about it.
"""

from __future__ import annotations


class EpitomeError(Exception):
    """The root of all errors a caller may want to catch.

    >>> raise SourceError("notes.txt: the file is empty", hint="check that it was saved")
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UsageError(EpitomeError):
    """An option or argument that makes no sense."""


class SourceError(EpitomeError):
    """A document that cannot be read."""


class ModelError(EpitomeError):
    """A model that cannot be found, fetched, verified or loaded."""


class OfflineError(ModelError):
    """A model or page that needs the network while `EPITOME_OFFLINE=1`."""


class EngineError(EpitomeError):
    """A model that cannot be run as asked."""


class ContextError(EngineError):
    """A prompt longer than the model's context window."""


class StoreError(EpitomeError):
    """A file that cannot be written."""
