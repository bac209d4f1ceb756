# Bare `make` lists the targets. Set-up is the only one that runs on the machine's own Python.
PYTHON ?= python3
PYTEST := .venv/bin/python -m pytest
MACHINE_PATH := $(PATH)
BEGAN := $(shell date +%s)
# Node, npm and the CDK command are found in our own folders first.
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint synth deploy up down bench docs faults drills suites templates

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make the environments and bring uv, Node and the CDK command; quick when nothing changed
	@PATH="$(MACHINE_PATH)" $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 8))' || \
		{ echo "setup: '$(PYTHON)' is no Python 3.8 or newer; install one, or name it: make setup PYTHON=/path/to/python3" >&2; exit 1; }
	@PATH="$(MACHINE_PATH)" $(PYTHON) -m local.setup

demo: setup ## start the twin, deploy, and show three runs as they happen
	@SEPTET_DEMO_BEGAN=$(BEGAN) .venv/bin/python -m local.demo

test: check ## everything in `check`, the templates and state machines, and every test on the twin
	$(MAKE) templates
	$(PYTEST) -m twin tests

check: setup lint ## format, lint, types, imports, fast tests, synth
	$(PYTEST) -n logical --dist loadfile -m "not twin" tests
	$(MAKE) synth

lint: setup
	ruff format --check .
	ruff check .
	mypy
	cd local/plugin && mypy
	lint-imports

synth: setup ## make cdk.out, offline and without credentials; print what stacks cost when idle, and the most a run of each workflow can use
	cdk synth --quiet '**'
	.venv/bin/python -m stacks.idle cdk.out
	.venv/bin/python -m stacks.worst

docs: synth ## write the pages that are made of what is declared: workflows with their drawings, rights, metrics
	.venv/bin/python -m local.graphs
	.venv/bin/python -m local.iam
	.venv/bin/python -m local.metrics

templates: setup
	cfn-lint cdk.out/assembly-*/*.template.json
	for file in state_machines/*.asl.json; do asl-validator --json-path "$$file" || exit 1; done

deploy: setup ## deploy what changed to the twin
	septet deploy

up: setup ## start the twin
	septet up

down: ## stop the twin and leave nothing behind
	septet down

bench: setup ## measure, print what was measured, and write docs/performance.md
	.venv/bin/python -m tests.bench

faults: setup ## let each state of each workflow end in each error, and kill a process at every boundary of three runs, on a twin of its own; writes docs/faults.md (quicker: .venv/bin/python -m tests.faults --every 4)
	.venv/bin/python -m tests.faults

drills: setup ## stop fifty running trees, and run a batch of 200 rows, on a twin of their own; prints how long the stop took
	SEPTET_FULL=1 $(PYTEST) -m twin -s --timeout 1800 tests/scenarios/test_stopping.py tests/scenarios/test_batch.py

suites: setup ## measure what the gateway stops and what it lets through, on an environment of its own, and write docs/suites.md
	.venv/bin/python -m local.setup --suites
	.venv/bin/python -m tests.suites
