"""Self-contained HTML pages: one file, nothing from elsewhere, readable without scripts, in light and dark."""

from epitome.pages.page import page, render
from epitome.pages.table import table

__all__ = ["page", "render", "table"]
