# make demo: a claims desk with files to download, on 127.0.0.1:$PORT.   make test: everything that can be checked here.
# make demo SEED=large: with a claim of twelve tasks and five hundred files as well.
# make demo CONTENTS=directory: its large files in the folder instance/contents; CONTENTS=s3://bucket/prefix: in a bucket.
# make bench: measures against others (a quarter of an hour), and writes benchmarks/RESULTS.md.
# make docs: the pages of docs/ as a site, in build/docs.
PYTHON ?= python3
PORT ?= 5000
CONTENTS ?=
VENV := .venv
OLDEST := .venv/oldest
PYTEST_ARGS ?=
# Much of the time tests wait for servers: three files at once keep two cores busy. A file's tests share their servers.
PARALLEL = --dist loadfile --no-loadscope-reorder --tx
QUICK = -m "not tools and not slow and not faults"
# Files in memory save an eighth of the time. They take up to 5 GB, or more with TASKVARS_TEST_BYTES.
ROOM := $(shell test "$$(df --output=avail /dev/shm 2>&1 | tail -n 1)" -gt 8000000 2>/dev/null && echo /dev/shm)
IN_MEMORY = TMPDIR=$(or $(TMPDIR),$(if $(TASKVARS_TEST_BYTES),,$(ROOM)),/tmp)
BENCH_ARGS ?=
STRICT = $(VENV)/bin/python -X dev -W error
SPHINX = $(VENV)/bin/python -m sphinx --quiet --fresh-env --fail-on-warning --keep-going docs build/docs
INSTALL = $(VENV)/bin/python -m pip install --disable-pip-version-check

# make explore MINUTES=10 CASES=20000 ENGINES=camunda,operaton: sends the real engines requests that nobody sent before.
# make faults MINUTES=30: what breaks in production, for as long; without MINUTES as in make test, a few seconds each.
# make faults MINUTES=5 PYTEST_ARGS='-k linearizable': the same, with some of the tests for all of the time.
.PHONY: demo test quick coverage check explore faults docs dist oldest bench clean

demo: export PORT := $(PORT)
demo: export FLASK_SEED := $(SEED)
ifneq ($(CONTENTS),)
demo: export FLASK_TASKVARS_CONTENTS := $(patsubst directory,file://$(CURDIR)/instance/contents,$(CONTENTS))
demo: $(if $(filter s3://% az://% gs://%,$(CONTENTS)),$(VENV)/objects)
endif
demo: $(VENV)/demo
	@$(VENV)/bin/python -m example_app

# -X dev also lets Python fill freed memory, which finds mistakes in C code only and takes a sixth of the time.
test: export PYTHONMALLOC := default
# The tests start many programs, and each would compile our code again.
test oldest: export PYTHONDONTWRITEBYTECODE :=
test: check
	@echo "== tests"
	$(IN_MEMORY) $(STRICT) -m pytest $(or $(PYTEST_ARGS),$(PARALLEL) '3*popen//python=$(STRICT)' $(MORE))

# Before each commit: with the databases, but no browser, engine or other server, and nothing that takes long.
quick: MORE := $(QUICK)
quick: test

# A third slower, so not in each run: which lines the tests leave out.
coverage: MORE := --cov --cov-report=term-missing:skip-covered
coverage: test

check: $(VENV)/test
	@echo "== lint, format, types"
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	@echo "== docs"
	$(SPHINX)

explore: $(VENV)/test
	$(VENV)/bin/python -m tests.engine.explore $(if $(MINUTES),--minutes $(MINUTES)) $(if $(CASES),--cases $(CASES)) \
	    $(if $(ENGINES),--engines $(ENGINES)) $(if $(SEED),--seed $(SEED))

faults: $(VENV)/test
	TASKVARS_TEST_MINUTES=$(or $(MINUTES),0) $(VENV)/bin/python -X dev -W error -m pytest -m faults $(PYTEST_ARGS)

docs: $(VENV)/docs
	$(SPHINX)
	@echo "== build/docs/index.html"

oldest: $(OLDEST)/test
	@echo "== tests with the oldest versions that setup.cfg admits"
	$(IN_MEMORY) $(OLDEST)/bin/python -m pytest $(QUICK) $(or $(PYTEST_ARGS),$(PARALLEL) 3*popen)

dist: $(VENV)/test
	@echo "== wheel and source distribution"
	tests/project/dist.sh $(VENV)/bin/python

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

$(VENV)/objects: setup.cfg | $(VENV)/demo
	@echo "== installing the client of object stores (once)"
	$(INSTALL) --editable ".[objects]"
	@touch $@

$(VENV)/docs: setup.cfg | $(VENV)/bin/python
	@echo "== installing what makes the pages (once)"
	$(INSTALL) --editable ".[docs]"
	@touch $@

$(VENV)/test: setup.cfg | $(VENV)/bin/python
	@echo "== installing all that the tests need (once)"
	$(INSTALL) --editable ".[test]"
# mysqlclient and MariaDB Connector have no wheels: pip builds them with libmariadb-dev, gcc, pkg-config and python3-dev.
	@! command -v mariadb_config >/dev/null || $(INSTALL) --editable ".[drivers]" || \
		echo "== mysqlclient and MariaDB Connector can't be built here: their tests are skipped"
	@touch $@

$(VENV)/bench: setup.cfg | $(VENV)/bin/python
	@echo "== installing what the benchmarks need (once)"
	$(INSTALL) --editable ".[bench]"
	@touch $@

$(OLDEST)/test: setup.cfg tests/project/oldest.py
	@echo "== installing the oldest versions (once)"
	$(PYTHON) -m venv $(OLDEST)
	$(PYTHON) tests/project/oldest.py > $(OLDEST)/constraints.txt
	$(OLDEST)/bin/python -m pip install --disable-pip-version-check --constraint $(OLDEST)/constraints.txt \
	    --editable ".[postgresql,mysql,camunda,objects,gates,demo]" pytest pytest-xdist hypothesis requests flask-talisman Flask-SQLAlchemy-Lite Flask-Migrate
	@touch $@

clean:
	rm -rf $(VENV) build instance .coverage .mypy_cache .pytest_cache .ruff_cache
