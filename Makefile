# make demo: a claims desk with files to download, on 127.0.0.1:$PORT.   make test: everything that can be checked here.
# make bench: measures against others (a quarter of an hour), and writes benchmarks/RESULTS.md.
# make docs: the pages of docs/ as a site, in build/docs.
PYTHON ?= python3
PORT ?= 5000
VENV := .venv
OLDEST := .venv/oldest
PYTEST_ARGS ?=
BENCH_ARGS ?=
SPHINX = $(VENV)/bin/python -m sphinx --quiet --fresh-env --fail-on-warning --keep-going docs build/docs
INSTALL = $(VENV)/bin/python -m pip install --disable-pip-version-check

.PHONY: demo test check docs oldest bench clean

demo: export PORT := $(PORT)
demo: $(VENV)/demo
	@$(VENV)/bin/python -m example_app

test: check
	@echo "== tests"
	$(VENV)/bin/python -X dev -W error -m pytest $(or $(PYTEST_ARGS),--cov --cov-report=term-missing:skip-covered)

check: $(VENV)/test
	@echo "== lint, format, types"
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	@echo "== docs"
	$(SPHINX)

docs: $(VENV)/docs
	$(SPHINX)
	@echo "== build/docs/index.html"

oldest: $(OLDEST)/test
	@echo "== tests with the oldest versions that setup.cfg admits"
	$(OLDEST)/bin/python -m pytest -m "not tools and not slow" $(PYTEST_ARGS)

bench: $(VENV)/bench
	$(VENV)/bin/python -m benchmarks $(BENCH_ARGS)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make … PYTHON=python3.12")'
	@echo "== making the environment $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "On Debian and Ubuntu: apt install python3-venv"; exit 1; }

$(VENV)/demo: setup.cfg | $(VENV)/bin/python
	@echo "== installing the demo (once)"
	$(INSTALL) --editable ".[demo]"
	@touch $@

$(VENV)/docs: setup.cfg | $(VENV)/bin/python
	@echo "== installing what makes the pages (once)"
	$(INSTALL) --editable ".[docs]"
	@touch $@

$(VENV)/test: setup.cfg | $(VENV)/bin/python
	@echo "== installing all that the tests need (once)"
	$(INSTALL) --editable ".[test]"
	@touch $@

$(VENV)/bench: setup.cfg | $(VENV)/bin/python
	@echo "== installing what the benchmarks need (once)"
	$(INSTALL) --editable ".[bench]"
	@touch $@

$(OLDEST)/test: setup.cfg tests/oldest.py
	@echo "== installing the oldest versions (once)"
	$(PYTHON) -m venv $(OLDEST)
	$(PYTHON) tests/oldest.py > $(OLDEST)/constraints.txt
	$(OLDEST)/bin/python -m pip install --disable-pip-version-check --constraint $(OLDEST)/constraints.txt \
	    --editable ".[postgresql,mysql,camunda,demo]" pytest hypothesis
	@touch $@

clean:
	rm -rf $(VENV) build instance .coverage .mypy_cache .pytest_cache .ruff_cache
