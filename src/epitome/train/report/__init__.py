"""A run as people read it: one page with its curves, and the model card."""

from __future__ import annotations

from epitome.train.report.card import card
from epitome.train.report.page import page

__all__ = ["card", "page"]
