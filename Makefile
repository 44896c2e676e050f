# Formación: every command of the README. `make run` and `make test` do all set-up themselves.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 8000
DATA_DIR ?= var
BIN := .venv/bin
# whatever was used to set up a stamp is newer than it: do it again
PYTHON_STAMP := .venv/.installed

export DATA_DIR PORT

.PHONY: help setup setup-dev run test check bench clean preflight

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

preflight:
	@$(PYTHON) formacion/preflight.py

setup: preflight $(PYTHON_STAMP) ## virtual environment, packages, front end, jinit
	@$(BIN)/python -m formacion.frontend
	@$(BIN)/python -m exercises.sandbox.build

$(PYTHON_STAMP): requirements.txt constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

run: ## the site on http://127.0.0.1:$(PORT), with a grading worker; Ctrl-C stops everything
	@$(PYTHON) formacion/preflight.py --port $(PORT)
	@$(MAKE) --no-print-directory setup
	@DEMO=$${DEMO:-1} exec $(BIN)/python manage.py run

setup-dev: setup
	@test .venv/.installed-dev -nt requirements-dev.txt -a .venv/.installed-dev -nt constraints.txt \
	  || { $(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt \
	       && touch .venv/.installed-dev; }

test: ## all tests, on a fresh machine too
	@$(PYTHON) formacion/preflight.py --test
	@$(MAKE) --no-print-directory setup-dev
	@REQUIRE_SANDBOX=1 $(BIN)/python -m tests.run

check: ## format, lint, import contracts, migrations, deployment settings
	@$(MAKE) --no-print-directory setup-dev
	@$(BIN)/python -m tests.check

clean: ## what was built, not what people made
	rm -rf .venv node_modules static/dist
