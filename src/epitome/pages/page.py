"""The frame of a page, and templates."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from jinja2 import Environment

_NOT_IN_HTML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def page(title: str, body: Markup, *, lead: str = "", language: str = "en") -> str:
    """One whole HTML document, ready to be written to a file.

    `body` is HTML; `title` and `lead`, a sentence under it, are text. Nothing on the page is fetched from anywhere.
    """
    return str(render("page.html", title=title, body=body, lead=lead, language=language))


def render(template: str, **context: Any) -> Markup:
    """A template of `pages/templates`, or of another package as `PACKAGE:NAME`, filled in; every text is escaped.

    Characters that HTML cannot hold (NUL, other controls, lone surrogates) become U+FFFD.
    """
    package, colon, name = template.rpartition(":")
    environment = _environment(package if colon else __package__)
    return Markup(environment.get_template(name).render(context))


def clean(value: object) -> object:
    """A text without the characters that HTML cannot hold; anything else as it is."""
    if isinstance(value, str) and _NOT_IN_HTML.search(value):
        safe = _NOT_IN_HTML.sub("\ufffd", value)
        return Markup(safe) if isinstance(value, Markup) else safe
    return value


@lru_cache(maxsize=8)
def _environment(package: str) -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader(package, "templates")
    return Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        finalize=clean,
        trim_blocks=True,
        lstrip_blocks=True,
    )
