# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# `make help` lists the targets. None needs an activated virtual environment; all set up what they need.
#   KEEP=1                 scenario-*: use the fleet that is there, and leave it
#   SEED=1 DAYS=365        simulate-year: what goes wrong, and for how long
#   COLLECTION=installed   scenario-*: run the built and installed collection, not the checkout
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
SEED ?= 1
DAYS ?= 365
SCENARIOS := default traffic faults renewal certbot adopt
LOG := build/log
LAB := tests/lab/lab-env
READY := .venv/.ready build/ansible_collections/hitless/edge
SHELL_FILES = $$(git ls-files -co --exclude-standard | while read -r f; do [ ! -f "$$f" ] || ! head -n 1 "$$f" | grep -qE '^\#!.*\b(ba)?sh\b' || echo "$$f"; done)

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
export COLLECTION KEEP

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+(%)?:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'
	@echo "  make scenario-NAME      One scenario on a fresh fleet: $(SCENARIOS)"

# ---- what everything stands on

.PHONY: apt
apt: ## Install missing packages of the system (as root)
	@tests/lab/requirements

.PHONY: venv
venv: $(READY) ## Make .venv with the pinned development tools

.venv/.ready: pyproject.toml | apt
	$(PYTHON) -m venv .venv
	python -m pip install -q --disable-pip-version-check --upgrade pip
	python -m pip install -q --disable-pip-version-check --group dev
	touch $@

# `hitless.edge.*` in a plain checkout: a collection is found by its folder's name.
build/ansible_collections/hitless/edge:
	mkdir -p $(@D)
	ln -sfn ../../.. $@

# ---- checks

.PHONY: lint
lint: $(READY) | apt ## All static checks, without a single exception
	@$(MAKE) --jobs=2 --output-sync=target lint-tools lint-sanity
	@echo "lint: clean"

.PHONY: lint-tools lint-sanity
lint-tools: $(READY)
	ruff check .
	ruff format --check .
	mypy build/ansible_collections/hitless/edge/plugins/module_utils
	MYPYPATH=tests/lab/fleet mypy --strict tests/lab/fleet
	yamllint --strict .
	shellcheck $(SHELL_FILES)
	ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/build ansible-lint --strict
	ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/build antsibull-docs lint-collection-docs --plugin-docs --skip-rstcheck .
	antsibull-changelog lint
lint-sanity: $(READY)
	tests/lint/sanity

.PHONY: test-unit
test-unit: $(READY) ## Unit tests
	@mkdir -p $(LOG)
	pytest --numprocesses logical --dist loadfile tests/unit | tee $(LOG)/unit.log

# Twice: with 45-day certificates and timers twice a day, then with 160-hour ones and hourly timers.
.PHONY: simulate-year
simulate-year: $(READY) ## Live a year of renewals and bad luck, in minutes
	@mkdir -p $(LOG)
	@PYTHONPATH=tests/simulation:build:tests/unit python -m year --seed $(SEED) --days $(DAYS) | tee $(LOG)/year.log

.PHONY: scenario-%
scenario-%: $(READY) | apt
	@tests/lab/scenarios $*

.PHONY: collection
collection: $(READY) ## Build the collection, install the result into a clean path
	@rm -rf build/dist build/installed
	ansible-galaxy collection build --output-path build/dist
	ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/build/installed ansible-galaxy collection install --offline --force \
	    --collections-path build/installed build/dist/*.tar.gz

.PHONY: test
test: DAYS := 60
test: lint test-unit simulate-year collection ## Everything: lint, unit tests, all scenarios on the installed collection
	@COLLECTION=installed tests/lab/scenarios $(SCENARIOS)
	@cat $(SCENARIOS:%=$(LOG)/scenario-%.verdict)
	@tail -n 1 $(LOG)/year.log
	@tail -n 1 $(LOG)/unit.log

.PHONY: bench-issue bench-noop
bench-issue: $(READY) | apt ## Measure: 100 certificates from Pebble, beside other clients
	@python tests/bench/bench_issue.py
bench-noop: $(READY) | apt ## Measure: a run with nothing to do
	@python tests/bench/bench_noop.py

.PHONY: docs
docs: $(READY) ## Generate the reference of modules and roles into docs/reference/
	rm -rf docs/reference
	mkdir -p docs/reference
	ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/build antsibull-docs collection \
	    --use-current --squash-hierarchy --fail-on-error --output-format simplified-rst \
	    --dest-dir docs/reference hitless.edge

# ---- the demo

.PHONY: lab-up lab-down
lab-up: $(READY) | apt ## Start the demo's fleet, without touching its balancers
	@tests/lab/demo/run up
lab-down: demo-down ## The same as demo-down

.PHONY: demo demo-down
demo: $(READY) | apt ## Three balancers, trusted TLS, one playbook: on this machine
	@tests/lab/demo/run site
demo-down: $(READY) ## Remove the demo's fleet
	@tests/lab/demo/run down

.PHONY: clean
clean: demo-down ## Remove the demo, the virtual environment and everything that was built
	LAB_FLEET=test $(LAB) python tests/lab/fleet down
	rm -rf .venv build .lab .mypy_cache .ruff_cache .pytest_cache .hypothesis .ansible
