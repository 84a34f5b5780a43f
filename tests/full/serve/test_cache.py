"""Summaries that are kept to be given again."""

from __future__ import annotations

from dataclasses import replace

from epitome.serve.cache import Cache
from epitome.types import Document, Origin, Request, Summary

ONE = Document("The ferry left at dawn.", origins=[Origin(0, page=1)])


def test_whatever_changes_the_summary_changes_the_key() -> None:
    cache = Cache()
    keys = {
        cache.key(owner, model, document, request)
        for owner in ("ann", "bob")
        for model in ("m:1", "m:2")
        for document in (
            ONE, replace(ONE, text="The ferry left at noon."), replace(ONE, title="Ferry"),
            replace(ONE, language="de"), replace(ONE, origins=[Origin(0, page=2)]),
        )
        for request in (Request(), Request(seed=1), Request(style="tldr"), Request(adapter="plain"))
    }  # fmt: skip
    assert len(keys) == 2 * 2 * 5 * 4
    assert cache.key("ann", "m:1", replace(ONE), Request(seed=1)) in keys


def test_parts_do_not_run_into_each_other() -> None:
    cache = Cache()
    assert cache.key("a", "bc", ONE, Request()) != cache.key("ab", "c", ONE, Request())


def test_bytes_are_bounded_and_the_ones_used_last_stay() -> None:
    cache = Cache(5000)
    told: list[bool] = []
    cache.told.append(told.append)
    for name in "abc":
        cache.put(name, Summary(name, warnings=["x" * 1000]))
    assert cache.bytes < 5000
    assert cache.get("a") == Summary("a", warnings=["x" * 1000])
    for name in "def":
        cache.put(name, Summary(name, warnings=["x" * 1000]))
        assert cache.get("a") is not None
    assert 0 < cache.bytes <= 5000
    assert cache.get("b") is None
    assert told == [True, True, True, True, False]
    cache.put("huge", Summary("h", warnings=["x" * 9000]))
    assert cache.get("huge") is None


def test_what_is_given_is_a_copy() -> None:
    cache = Cache()
    cache.put("a", Summary("text"))
    given = cache.get("a")
    assert given is not None
    given.warnings.append("mine")
    assert cache.get("a") == Summary("text")


def test_none_is_kept_where_none_shall_be() -> None:
    cache = Cache(0)
    cache.put("a", Summary("text"))
    assert cache.get("a") is None
    assert cache.bytes == 0
