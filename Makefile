# Two commands do it all on a fresh machine: `make run` and `make test`.
# They need make and Python 3.11, 3.12 or 3.13; everything else goes into .venv.

VENV    ?= .venv
PARAMS  ?= params/wenzhou.yml
BIN     := $(VENV)/bin
STAMP   := $(VENV)/.installed
LOCKS   := requirements.lock requirements-nohash.lock
PEERS   := benchmarks/peers

# The first suitable interpreter; another one: make PYTHON=/path/to/python run
FITS    := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
PYTHON  ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c '$(FITS)' >/dev/null 2>&1 && echo $$p && break; done)

.DEFAULT_GOAL := help
.PHONY: help venv run test bench bench-peers lab demo lock lock-peers clean distclean

help: ## say what the targets do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

venv: $(STAMP) ## make .venv from the lock, if it is not up to date

run: $(STAMP) ## run the whole chain (another params file: make run PARAMS=...)
	@$(BIN)/riskmodel run $(PARAMS)

test: $(STAMP) ## style, types, tests
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# BENCH names a group (usual, large) or single benchmarks.
bench: $(STAMP) ## time what the speed claims rest on (the slow ones: make bench BENCH=large)
	@$(BIN)/python -m benchmarks $(BENCH)

bench-peers: $(patsubst $(PEERS)/%.lock,$(PEERS)/.venv-%/.installed,$(wildcard $(PEERS)/*.lock)) ## install what the benchmarks compare with, each lock in its own environment

lab: $(STAMP) ## JupyterLab in the same environment
	@$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/notebooks $(if $(filter 0,$(shell id -u)),--allow-root)

demo: $(STAMP) ## rebuild the demo census in data/demo
	@$(BIN)/riskmodel demo


# One resolution writes both locks: the second is the first without its hashes, because pip refuses
# `-e .` (the last line of environment.yml) beside hashes. Existing pins are kept where they still
# fit; newer ones: make lock LOCK_FLAGS=--upgrade
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links

lock: $(BIN)/uv ## write both locks from pyproject.toml
	@$(COMPILE) --extra test $(LOCK_FLAGS) --output-file requirements.lock pyproject.toml >/dev/null
	@sed -e '/^ *--hash=/d' -e 's/ *\\$$//' requirements.lock > requirements-nohash.lock
	@for f in $(LOCKS); do \
		{ echo '# Written by make lock from pyproject.toml; do not edit.'; grep -v '^#' $$f; } > $$f.new \
		&& mv $$f.new $$f; done
	@! grep -n '://' $(LOCKS)

# CLIMADA names gdal, which has no wheel and which nothing compared here imports.
lock-peers: $(BIN)/uv ## write the locks of the benchmarks' peers from benchmarks/peers/*.in
	@for f in $(PEERS)/*.in; do \
		$(COMPILE) --no-emit-package gdal $(LOCK_FLAGS) --output-file $${f%.in}.lock $$f >/dev/null || exit 1; done
	@! grep -n '://' $(PEERS)/*.lock

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

$(PEERS)/.venv-%/.installed: $(PEERS)/%.lock | $(BIN)/python
	@echo "Installing into $(@D) ..." >&2
	@$(BIN)/python -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

clean: ## remove caches and build leftovers; outputs and .venv stay
	@rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . \( -path './$(VENV)' -o -path './$(PEERS)/.venv-*' \) -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) \
		-type d -prune -exec rm -rf {} +

distclean: clean ## remove .venv and those of the peers too
	@rm -rf $(VENV) $(PEERS)/.venv-*
