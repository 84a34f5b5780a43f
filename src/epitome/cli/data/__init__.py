"""`epitome data`: corpora looked into, cleaned, split, converted, fetched and made. One file a sub-verb."""

from __future__ import annotations

import typer

from epitome.cli.data import build, clean, convert, export_reviews, get, inspect, split

app = typer.Typer(no_args_is_help=True, help="Look into corpora, clean, split, convert, fetch and make them.")
app.command("inspect", epilog=inspect.EXAMPLES)(inspect.inspect)
app.command("clean", epilog=clean.EXAMPLES)(clean.clean)
app.command("split", epilog=split.EXAMPLES)(split.split)
app.command("convert", epilog=convert.EXAMPLES)(convert.convert)
app.command("get", epilog=get.EXAMPLES)(get.get)
app.command("build", epilog=build.EXAMPLES)(build.build)
app.command("export-reviews", epilog=export_reviews.EXAMPLES)(export_reviews.export_reviews)
