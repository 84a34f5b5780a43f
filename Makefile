# `make demo` sets everything up and summarises the examples; `make test` runs every test.
# Both are safe to run again: what is already there is not made twice.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo serve install full format check test base programs bench clean

# Pip takes the first build of torch that its configuration offers. See CONTRIBUTING.md for the CPU build.
export TORCH ?= torch==2.13.0

help:  ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

demo: install  ## set up .venv, get the default model, summarise the examples
	@scripts/demo

serve:  ## the service at http://127.0.0.1:8000; the first time, its key is printed
	@scripts/venv .venv serve,fast
	@scripts/serve

install:  ## .venv with the base install: reading, the embedded engine, the command
	@scripts/venv .venv

full: install  ## every extra and the development tools on top of it
	@scripts/venv .venv all

test:  ## tests/base without torch, tests/full with every extra, then `make check`
	@$(MAKE) --no-print-directory -j 3 full base programs
	@scripts/test

base:
	@scripts/venv .venv-base dev

programs:
	@scripts/system-packages

check: full  ## ruff (lint and format) and mypy --strict
	@scripts/check

format: full  ## let ruff put the code in order
	@.venv/bin/ruff check --fix . ; .venv/bin/ruff format .

bench: full  ## the claims of the docs, measured on this machine: make bench DATA=FOLDER
	@scripts/bench "$(DATA)"

clean:  ## remove the environments and caches (models stay: `epitome models remove`)
	rm -rf .venv .venv-base .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
