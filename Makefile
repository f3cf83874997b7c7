# Reverie. Every target sets up .venv by itself; `make setup` alone builds it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python -m reverie
TORCH := $(shell grep '^torch==' constraints.txt)

.PHONY: setup demo test check learn mutants bench speed docs wheel clean

setup: $(VENV)/ready

# torch goes first and alone, at the tested version; one that is already there is kept.
$(VENV)/ready: pyproject.toml constraints.txt
	@echo "installing torch and the rest into $(VENV): some minutes, some gigabytes (a torch that is there is kept)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/pip install --disable-pip-version-check -q '$(TORCH)'
	@grep -v '^torch==' constraints.txt > $(VENV)/constraints.txt
	@$(BIN)/pip install --disable-pip-version-check -q -c $(VENV)/constraints.txt -e '.[dev]'
	@touch $@

demo: setup
	@$(RUN) demo

test: setup
	$(BIN)/python -m pytest -n 2 -m 'not learning'

check: setup
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests
	$(BIN)/lint-imports
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/python -m pytest tests/house

learn: setup
	$(BIN)/python -m pytest -m learning

mutants: setup
	$(BIN)/python tests/mutants.py

bench: setup
	for word in capture worlds batches fit switches memory; do $(RUN) bench $$word || exit; done

# The page of the bench of worlds: some minutes, on a machine that does nothing else.
speed: setup
	$(RUN) bench worlds --json | tail -n 1 > docs/results/speed.json
	$(BIN)/python -m reverie.bench._page docs/results/speed.json

# Into site/, from the documents and from the source; nothing is fetched beyond the packages of the extra.
docs: setup
	@$(BIN)/python -c 'import material' 2>/dev/null || $(BIN)/pip install --disable-pip-version-check -q -c $(VENV)/constraints.txt -e '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build

wheel: setup
	$(BIN)/python -m build --wheel

clean:
	rm -rf $(VENV) build dist
