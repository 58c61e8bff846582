# One command each; every target sets up what it needs first. ARGS passes arguments on: make test ARGS="-k cache".
.PHONY: help setup demo test check check-matrix docs pins lab bench mutants clean

# The first interpreter on the PATH that is new enough; PYTHON=/path/to/python chooses another.
PYTHON ?= $(shell for p in $(INTERPRETERS); do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$p" && break; done)
VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
STAMP := $(VENV)/.setup-done
INTERPRETERS := python3 python3.11 python3.12 python3.13 python3.14 python
ARGS ?=

help:
	@echo "make setup   create $(VENV) with everything (again only when pyproject.toml or constraints.txt change)"
	@echo "make demo    plan the shop, run its artefacts on real engines, write the report"
	@echo "make test    run the tests"
	@echo "make check   lint, format and strict types"
	@echo "make docs    write the pages of the rules anew"
	@echo "make check-matrix   the fast tests on the oldest and newest Python here, with the lowest and newest libraries"
	@echo "make pins    resolve constraints.txt anew"
	@echo "make lab     open the first notebook in JupyterLab"
	@echo "make bench   measure the figures that the README states"
	@echo "make mutants break the code in 120 small places and see that tests notice (minutes)"
	@echo "make clean   remove $(VENV) and what tools leave behind"

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "archnb needs Python 3.11 or newer; none is on the PATH. Install it, or: make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || test -x $(BIN)/python.exe || "$(PYTHON)" -m venv $(VENV)
	@echo "Setting up $(VENV) (once, a minute or two) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

demo: setup
	@$(BIN)/archnb demo $(ARGS)

test: setup
	@$(BIN)/python -m pytest -n auto $(ARGS)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict archnb

docs: setup
	@$(BIN)/python -m tests.rule_pages

check-matrix: setup
	@$(BIN)/python .ci/matrix.py $(ARGS)

# One file for every Python from 3.11.0 on and every platform; markers tell them apart.
pins: setup
	@(echo "# The versions that were tested together, for every Python that archnb runs on. Resolve them anew: make pins"; \
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11.0 --all-extras --only-binary :all: --upgrade \
		--no-annotate --no-header --no-emit-index-url --no-emit-find-links pyproject.toml) > $(VENV)/constraints.txt
	@mv $(VENV)/constraints.txt constraints.txt

lab: setup
	$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) notebooks/00_start_here.ipynb $(ARGS)

bench: setup
	@set -e; for script in bench/*.py; do echo "== $$script"; $(BIN)/python "$$script"; done

mutants: setup
	@$(BIN)/python -m tests.mutants $(ARGS)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .matrix dist build
