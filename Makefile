# Everything runs in .venv, which the first call makes: the template's own requirements and those of what it generates.
PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
GENERATED := {{cookiecutter.project}}
DEMO := demo

.PHONY: help setup demo test lint lock

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(VENV)/.installed ## an environment with everything

$(VENV)/.installed: requirements.txt $(GENERATED)/requirements.txt
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or later is needed: make PYTHON=python3.13 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt --requirement '$(GENERATED)/requirements.txt'
	touch $@

demo: setup ## generate a repository, release its model in the local cloud, ask production once
	rm -rf $(DEMO)
	$(BIN)/cookiecutter --no-input --output-dir $(DEMO) .
	cd $(DEMO)/* && git init --quiet && git add --all && git -c user.name=demo -c user.email=demo@example.com commit --quiet --message 'Generate a model repository'
	cd $(DEMO)/* && $(BIN)/python -m mlops local run --tune --approve

test: setup ## all tests: the template's and those of a generated repository
	$(BIN)/python -m pytest tests

lint: setup ## style, workflows
	$(BIN)/ruff check .
	$(BIN)/actionlint
	$(BIN)/zizmor --offline --strict-collection --quiet .github

lock: setup ## pin what requirements.in names
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-emit-index-url -c '$(GENERATED)/requirements.txt' -o requirements.txt requirements.in
