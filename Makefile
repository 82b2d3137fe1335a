# Everything runs in .venv, which the first call makes: the template's own requirements and those of what it generates.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CHECKOV := .checkov
GENERATED := {{cookiecutter.project}}
DEMO := demo

.PHONY: help setup demo foundation test image lint lock

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
	cd $(DEMO)/* && "$(CURDIR)/$(BIN)/python" -m mlops local run --tune --approve

foundation: setup ## what an AWS account needs once in each region; honours AWS_PROFILE and AWS_REGION
	$(BIN)/python infra/deploy.py

# Its requirements do not go with those of the rest.
$(CHECKOV)/.installed: requirements-checkov.txt $(VENV)/.installed
	$(PYTHON) -m venv $(CHECKOV)
	$(CHECKOV)/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-checkov.txt
	touch $@

test: setup $(CHECKOV)/.installed ## all tests: the template's and those of a generated repository
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --durations 10 tests

image: setup ## build the image with Docker, Podman or Buildah, and run its programs as SageMaker does
	$(BIN)/python -m pytest -m image -rs tests

lint: setup $(CHECKOV)/.installed ## style, workflows, templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PATH="$(CURDIR)/$(BIN):$$PATH" actionlint
	$(BIN)/zizmor --offline --strict-collection --persona pedantic .github '$(GENERATED)/.github'
	$(BIN)/cfn-lint infra/*.yml '$(GENERATED)'/infra/*.yml
	$(CHECKOV)/bin/python -m checkov.main --directory infra --framework cloudformation --skip-download --quiet --compact
	$(CHECKOV)/bin/python -m checkov.main --directory '$(GENERATED)/infra' --framework cloudformation --skip-download --quiet --compact

lock: setup ## pin what requirements.in names
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-emit-index-url -c '$(GENERATED)/requirements.txt' -o requirements.txt requirements.in
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-emit-index-url -o requirements-checkov.txt requirements-checkov.in
