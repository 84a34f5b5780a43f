"""ROUGE of texts one after the other, for scripts that write them in their own process."""

from __future__ import annotations

from dataclasses import dataclass, field

from epitome.metrics.bootstrap import paired
from epitome.metrics.rouge import rouge


@dataclass
class Rouges:
    """What each text got, by measure."""

    values: dict[str, list[float]] = field(default_factory=lambda: {"rouge1": [], "rouge2": [], "rougeL": []})

    def add(self, text: str, golds: list[str]) -> None:
        found = rouge(text, golds)
        for name, values in self.values.items():
            values.append(found[name])

    def means(self) -> list[str]:
        """ROUGE-1, ROUGE-2 and ROUGE-L for a table."""
        return [f"{sum(values) / len(values):.2f}" for values in self.values.values()]

    def p(self, other: Rouges) -> str:
        """Of the difference in ROUGE-1, by paired bootstrap, for a table."""
        return f"{paired(self.values['rouge1'], other.values['rouge1']).p:.3f}"
