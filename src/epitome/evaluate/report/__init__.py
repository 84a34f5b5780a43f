"""An evaluation as a document: HTML for reading, Markdown for pasting, CSV for counting on."""

from epitome.evaluate.report.csv import csv
from epitome.evaluate.report.html import html
from epitome.evaluate.report.markdown import markdown

__all__ = ["csv", "html", "markdown"]
