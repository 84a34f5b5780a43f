"""A table: numbers to the right, the first column a heading, scrolling in its own frame on a phone."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from epitome.pages.page import render


def table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, caption: str = "", sortable: bool = True
) -> Markup:
    """Cells are text, numbers or `Markup`; a number is shown with two decimals, an integer as it is, None as nothing.

    With `sortable`, a click on a column's head sorts by it where scripts run.
    """
    cells = [[_cell(cell) for cell in row] for row in rows]
    numbers = {at for row in cells for at, cell in enumerate(row) if at and cell["number"] is not None}
    return render(
        "table.html", columns=columns, rows=cells, numbers=numbers, caption=caption, sortable=sortable
    )


def _cell(value: object) -> dict[str, object]:
    if value is None:
        return {"text": "", "number": None}
    if isinstance(value, bool):
        return {"text": "yes" if value else "no", "number": None}
    if isinstance(value, int | float):
        return {"text": f"{value:,}" if isinstance(value, int) else f"{value:,.2f}", "number": value}
    return {"text": value, "number": getattr(value, "number", None)}


class Number(Markup):
    """HTML that stands for a number, such as a mean with its interval under it: it is aligned and sorted as one."""

    number: float

    @classmethod
    def of(cls, html: Markup, number: float) -> Number:
        made = cls(html)
        made.number = number
        return made
