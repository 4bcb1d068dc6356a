# `make demo` trains, measures and shows four architectures; `make article` is a study of them, about 20 minutes;
# `make test` passes every check.
SHELL := /bin/bash
PY := .venv/bin/python
SERVE ?= 1

.PHONY: demo article test install browser clean

demo: .venv/installed
	$(PY) benchmarks/demo.py
	@if [ "$(SERVE)" != 0 ]; then $(PY) -m seqtoolkit dashboard runs; fi

article: .venv/installed
	$(PY) benchmarks/article.py

test: .venv/installed-dev browser
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/pytest -n 2 --dist loadscope

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	@test -x $(PY) || python3 -m venv .venv || { rm -rf .venv; \
	  echo "python3 cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 1; }
	$(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

.venv/installed-dev: .venv/installed
	$(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

browser:
	@command -v chromium >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; } || \
	  { echo "the browser tests need Debian's Chromium; as root: apt-get install chromium" >&2; exit 1; }

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
