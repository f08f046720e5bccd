# Two commands matter: make demo, make test. Both build .venv from requirements.lock first.
# Beside them: make lab, quick (the tests that are not slow), lint, bench, book (lessons and API as pages), lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
SHARED ?= $(or $(TASNB_SHARED),../shared)

.PHONY: demo test quick lab lock bench book lint clean env

env: $(VENV)/.ready

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "tasnb needs Python 3.11 or newer; run: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --offline --editable .
	touch $@

demo: env
	$(BIN)/tasnb demo

test: env
	TASNB_SHARED=$(SHARED) $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

quick: env
	TASNB_SHARED=$(SHARED) $(BIN)/python -m pytest -m "not slow and not bench"

lint: env
	$(BIN)/ruff check tasnb tests docs data/toyworld notebooks/lessons
	$(BIN)/ruff format --check tasnb tests docs data/toyworld notebooks/lessons
	$(BIN)/mypy

lab: env
	$(BIN)/jupyter lab notebooks

book: env
	$(BIN)/python docs/build_book.py book

bench: env
	$(BIN)/python -m tests.benchmarks.bench_models
	$(BIN)/python -m tests.benchmarks.bench_memory
	$(BIN)/python -m tests.benchmarks.bench_baselines
	$(BIN)/python -m tests.benchmarks.bench_evaluation
	$(BIN)/python -m tests.benchmarks.bench_sweep
	$(BIN)/python -m tests.benchmarks.bench_viewers
	$(BIN)/python -m tests.benchmarks.bench_datasets
	$(BIN)/python -m tests.benchmarks.bench_analysis
	$(BIN)/python -m tests.benchmarks.bench_import
	TASNB_SHARED=$(SHARED) $(BIN)/python -m tests.benchmarks.bench_causes --speed
	TASNB_SHARED=$(SHARED) $(BIN)/python -m tests.benchmarks.bench_language
	TASNB_SHARED=$(SHARED) $(BIN)/python -m tests.benchmarks.bench_plus --refexp
	$(BIN)/python -m tests.benchmarks.bench_plus
	$(BIN)/python -m tests.benchmarks.bench_mutations
	$(BIN)/python -m tests.benchmarks.bench_kills

# no index, no host in the lock: pins and hashes only
lock: $(BIN)/uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --extra dev --extra ray pyproject.toml --output-file requirements.lock --upgrade

$(BIN)/uv:
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

clean:
	rm -rf $(VENV) outputs .mypy_cache .ruff_cache .pytest_cache
