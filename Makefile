# Two commands do it all on a fresh machine: `make run` and `make test`.
# They need make and Python 3.11, 3.12 or 3.13; everything else goes into .venv.

VENV    ?= .venv
PARAMS  ?= params/wenzhou.yml
BIN     := $(VENV)/bin
STAMP   := $(VENV)/.installed
LOCKS   := requirements.lock requirements-nohash.lock

# The first suitable interpreter; another one: make PYTHON=/path/to/python run
FITS    := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
PYTHON  ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c '$(FITS)' >/dev/null 2>&1 && echo $$p && break; done)

.DEFAULT_GOAL := help
.PHONY: help venv run test bench lab demo lock clean distclean

help: ## say what the targets do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

venv: $(STAMP) ## make .venv from the lock, if it is not up to date

run: $(STAMP) ## run the whole chain (another params file: make run PARAMS=...)
	@$(BIN)/riskmodel run $(PARAMS)

test: $(STAMP) ## style, types, tests
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/python -m pytest

# BENCH names a group (usual, large) or single benchmarks.
bench: $(STAMP) ## time what the speed claims rest on (the slow ones: make bench BENCH=large)
	@$(BIN)/python -m benchmarks $(BENCH)

lab: $(STAMP) ## JupyterLab in the same environment
	@$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/notebooks $(if $(filter 0,$(shell id -u)),--allow-root)

demo: $(STAMP) ## rebuild the demo census in data/demo
	@$(BIN)/riskmodel demo


# One resolution writes both locks: the second is the first without its hashes, because pip refuses
# `-e .` (the last line of environment.yml) beside hashes. Existing pins are kept where they still
# fit; newer ones: make lock LOCK_FLAGS=--upgrade
lock: $(BIN)/uv ## write both locks from pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra test \
		--generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
		$(LOCK_FLAGS) --output-file requirements.lock pyproject.toml >/dev/null
	@sed -e '/^ *--hash=/d' -e 's/ *\\$$//' requirements.lock > requirements-nohash.lock
	@for f in $(LOCKS); do \
		{ echo '# Written by make lock from pyproject.toml; do not edit.'; grep -v '^#' $$f; } > $$f.new \
		&& mv $$f.new $$f; done
	@! grep -n '://' $(LOCKS)

# pip alone brings uv. Without uv everything still works, through pip and more slowly.
$(BIN)/uv: | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		$(patsubst %,--constraint %,$(wildcard requirements-nohash.lock)) uv

$(BIN)/python:
	@test -n '$(PYTHON)' || { \
		echo "riskmodel needs Python 3.11, 3.12 or 3.13; found here: $$(python3 --version 2>&1)."; \
		echo "Install one of them, or name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; \
		exit 1; } >&2
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# uv does not read pip's settings, so a mirror set for pip is handed on.
$(STAMP): requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV) ..." >&2
	@index="$${PIP_INDEX_URL:-$$($(BIN)/python -m pip config get global.index-url 2>/dev/null)}"; \
	if [ -n "$$index" ]; then UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$$index}"; export UV_DEFAULT_INDEX; fi; \
	{ $(MAKE) --silent $(BIN)/uv \
		&& VIRTUAL_ENV='$(abspath $(VENV))' $(BIN)/uv pip sync --quiet --require-hashes requirements.lock; \
	} || { echo "uv did not do it; installing with pip, which takes a minute or two." >&2; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

clean: ## remove caches and build leftovers; outputs and .venv stay
	@rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -path './$(VENV)' -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) \
		-type d -prune -exec rm -rf {} +

distclean: clean ## remove .venv too
	@rm -rf $(VENV)
