# The project's commands. `make up` is the product; CONTRIBUTING.md says when to use the others.
PYTHON ?= python3.11
PY := .venv/bin/python
INSTALLED := .venv/installed-$(firstword $(shell sha256sum requirements.lock))
FAST := tests/unit tests/architecture
# What is started in the foreground hears of a make that was killed, and ends.
BOUND := $(if $(shell command -v setpriv),setpriv --pdeathsig=TERM)

# Everything here starts the same modules again and again: they are compiled once.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup up engine check fix test walk together again polyglot bench screenshots static ruff \
  mypy pyright collected

setup: $(INSTALLED)

# Everything from the lock, by hash; nothing is written outside of the checkout.
$(INSTALLED):
	@command -v $(PYTHON) > /dev/null || { \
	  echo "make: $(PYTHON) is missing: install Python 3.11 (Debian 12: apt-get install python3.11-venv), or name yours: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || { \
	  echo "make: $(PYTHON) cannot make a virtual environment: apt-get install python3.11-venv" >&2; exit 1; }
	@mkdir -p .run/tmp
	@$(PY) -c '' 2> /dev/null || $(PYTHON) -m venv --clear .venv
	@echo "installing from requirements.lock; this takes a minute or two"
	@TMPDIR=$(CURDIR)/.run/tmp $(PY) -m pip install --quiet --disable-pip-version-check \
	  --no-cache-dir --require-hashes --requirement requirements.lock
	@rm -f .venv/installed-*
	@touch $@

up: $(INSTALLED)
	@exec $(BOUND) $(PY) -m examples.stack

engine: $(INSTALLED)
	@test -n "$(PORT)" && test -n "$(DATA)" || { \
	  echo "make engine: say where, as in make engine PORT=7233 DATA=.run/alone" >&2; exit 1; }
	@exec $(BOUND) $(PY) -m engine serve --port "$(PORT)" --embedded "$(DATA)"

check: static
	$(PY) -m pytest --quiet -m "not slow" $(FAST)

# Servers in Java and Go that live for minutes need no second compiler and look for garbage less
# often.
test walk together again: export JAVA_TOOL_OPTIONS := -XX:TieredStopAtLevel=1
test walk together again: export GOGC := 800
test: $(if $(PYTEST_ARGS),,walk) together

# A bulk operation on a hundred thousand runs in a browser; what else runs would wait for it.
walk: static
	$(PY) -m pytest --quiet -s -m walk tests/browser

# Six at a time: most tests wait for a server. A file stays with one process, and so do its servers;
# those that take longest come first.
together: static
	$(PY) -m pytest --numprocesses 6 --dist loadfile --no-loadscope-reorder \
	  -m "not polyglot and not walk" $(PYTEST_ARGS)

# What failed the last time, one after the other.
again: $(INSTALLED)
	$(PY) -m pytest --last-failed --last-failed-no-failures none -m "not polyglot" $(PYTEST_ARGS)

# Workers in four languages beside each other; the first time it fetches and compiles for minutes.
polyglot: $(INSTALLED)
	$(PY) -m pytest -m polyglot tests/examples $(PYTEST_ARGS)

# What needs nothing started, two at a time.
static: $(INSTALLED)
	@$(MAKE) --no-print-directory --jobs 2 --output-sync mypy collected pyright ruff

ruff:
	$(PY) -m ruff format --check --quiet .
	$(PY) -m ruff check --quiet .

mypy:
	$(PY) -m mypy

pyright:
	$(PY) -m pyright --pythonpath $(PY)

# Every test can be imported; what pytest compiles for it is there for those who run them.
collected:
	@mkdir -p .run
	@$(PY) -m pytest -qq --collect-only > .run/collected.log 2>&1 || { cat .run/collected.log; exit 1; }

fix: $(INSTALLED)
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

# BENCH="servers growth" makes a part of it.
bench: $(INSTALLED)
	$(PY) -m tests.bench $(BENCH)

# Every page of the console, into docs/screenshots; CONSOLE_URL and CONSOLE_PASSWORD name one that runs.
screenshots: $(INSTALLED)
	$(PY) -m tests.browser.screenshots $(PAGES)
