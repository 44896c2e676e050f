# Formación: every command of the README. `make run` and `make test` do all set-up themselves.
.DEFAULT_GOAL := help
PYTHON ?= python3
PORT ?= 8000
DATA_DIR ?= var
BIN := .venv/bin

export DATA_DIR PORT PYTHON

.PHONY: help setup setup-dev run test check bench clean preflight

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

# lists what the machine lacks, before anything is done
PREFLIGHT := \
  command -v $(PYTHON) >/dev/null || { printf '%s\n' \
    "✗ No hay $(PYTHON)." "  → En Debian: apt install python3 python3-venv" >&2; exit 1; }; \
  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 7))' || { printf '%s\n' \
    "✗ $(PYTHON) es muy antiguo; hace falta 3.11 o posterior." \
    "  → Instala uno y dilo: make PYTHON=python3.11 …" >&2; exit 1; }; \
  $(PYTHON) formacion/preflight.py

# uv where it is there, in a tenth of pip's time; it may not know where pip looks, then pip does it
INSTALL = uv pip install --quiet --python $(BIN)/python -r $(1) 2>/dev/null \
  || $(BIN)/python -m pip install --quiet --disable-pip-version-check -r $(1)

preflight:
	@$(PREFLIGHT)

setup: .venv/.installed ## virtual environment, packages, front end, jinit
	@$(BIN)/python -m formacion.frontend
	@$(BIN)/python -m exercises.sandbox.build

# a stamp is older than what it was made from: it is made again
.venv/.installed: requirements.txt constraints.txt | preflight
	@echo "Instalo los paquetes de Python. La primera vez tarda…"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(call INSTALL,requirements.txt)
	@touch $@

.venv/.installed-dev: requirements-dev.txt .venv/.installed | preflight
	@$(call INSTALL,requirements-dev.txt)
	@touch $@

run: ## the site on http://127.0.0.1:$(PORT), with a grading worker; Ctrl-C stops everything
	@$(PREFLIGHT) --port $(PORT)
	@$(MAKE) --no-print-directory setup
	@DEMO=$${DEMO:-1} exec $(BIN)/python manage.py run

setup-dev: setup .venv/.installed-dev

test: ## all tests, on a fresh machine too
	@$(PREFLIGHT) --test
	@$(MAKE) --no-print-directory setup-dev
	@REQUIRE_SANDBOX=1 $(BIN)/python -m tests.run

check: ## format, lint, import contracts, migrations, deployment settings
	@$(MAKE) --no-print-directory setup-dev
	@$(BIN)/python -m tests.check

clean: ## what was built, not what people made
	rm -rf .venv node_modules static/dist
