"""What of a network learns: everything, parts of it, or small weights put into it."""

from __future__ import annotations

from epitome.train.methods.adapt import adapt, packable, save, trainable

__all__ = ["adapt", "packable", "save", "trainable"]
