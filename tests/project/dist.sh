#!/usr/bin/env bash
# Build the wheel and the source distribution, check them, install each into an empty environment, and serve a variable.
# Usage: tests/project/dist.sh PYTHON, from the root of the checkout; PYTHON has the packages of the extra `test`.
set -euo pipefail
python=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -m build --quiet --outdir "$folder" .
"$python" -m twine check --strict "$folder"/*
unzip -l "$folder"/*.whl | grep flask_taskvars/py.typed >/dev/null  # -q would end before unzip, which is an error here
if tar -tf "$folder"/*.tar.gz | grep /tests/ >/dev/null; then echo "the source distribution has tests that can't run"; exit 1; fi
for built in "$folder"/*.whl "$folder"/*.tar.gz; do
    "$python" -m venv --clear "$folder/empty"
    "$folder/empty/bin/python" -m pip install --quiet --disable-pip-version-check "$built"
    (cd "$folder" && empty/bin/python -W error -) <<'PROGRAM'
from flask import Flask

from flask_taskvars import File, TaskVars, everybody
from flask_taskvars.storage.memory import MemoryStorage

app, storage = Flask("empty"), MemoryStorage()
TaskVars(storage, authorize=everybody).init_app(app)
storage.add_scope("task-1")
storage.set("task-1", "contract", File(b"Signed.", filename="contract.txt"))
assert app.test_client().get("/task/task-1/variables/contract/data").data == b"Signed."
PROGRAM
    echo "== ${built##*/} is good"
done
