# Everything runs in .venv, which the first call makes: the package of src/, what it needs, and what tests and checks need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CHECKOV := .checkov
NOTEBOOK := .notebook
CHALICE := .chalice
GENERATED := {{cookiecutter.project}}
DEMO := demo
BUILD := ./build
WHEEL_FOR := $(GENERATED)
TESTS := tests
PIP := "$(BIN)/python" -m pip --disable-pip-version-check
COMPILE := pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-emit-index-url --no-emit-find-links

# Hundreds of short processes import the package: where this is set, each of them would compile it again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo demo-operate picture foundation studio test acceptance image coverage lint wheel lock

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.installed ## an environment with everything

$(VENV)/.installed: requirements/template.txt $(GENERATED)/requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or later is needed: make PYTHON=python3.13 …")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --require-hashes --requirement requirements/template.txt --requirement '$(GENERATED)/requirements/dev.txt'
	$(PIP) install --quiet --no-build-isolation --no-deps --editable .
	touch $@

demo: setup ## generate a repository, release its model in the local cloud, ask production once
	rm -rf $(DEMO)
	$(BIN)/cookiecutter --no-input --output-dir $(DEMO) . > /dev/null
	cd $(DEMO)/* && git init --quiet && git add --all && git -c user.name=demo -c user.email=demo@example.com commit --quiet --message 'Generate a model repository'
	cd $(DEMO)/* && "$(CURDIR)/$(BIN)/mlops" local run --tune --approve

demo-operate: setup ## the life of a model in the local cloud: releases, drift, an alarm, a retraining; ten minutes
	mkdir -p $(DEMO)
	$(BIN)/python -m pytest --quiet --capture=no -m acceptance --basetemp=$(DEMO)/operate $(TESTS)/pipeline/test_operation.py

picture: setup ## the README's picture of a report: make picture REPORT=demo/…/report.html
	$(BIN)/python docs/picture.py '$(REPORT)'

foundation: setup ## what an AWS account needs once in each region; honours AWS_PROFILE and AWS_REGION
	$(BIN)/python infra/deploy.py foundation

studio: setup ## offer the template in SageMaker Studio: make studio DOMAIN=d-…; by Service Catalog too with CATALOG=yes
	$(BIN)/python infra/deploy.py studio '$(DOMAIN)' $(if $(CATALOG),--catalog)

# Its requirements do not go with those of the rest.
$(CHECKOV)/.installed: requirements/checkov.txt $(VENV)/.installed
	$(PYTHON) -m venv $(CHECKOV)
	$(CHECKOV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/checkov.txt
	touch $@

# A kernel for notebooks; the package is imported from src/.
$(NOTEBOOK)/.installed: requirements/notebook.txt $(VENV)/.installed
	$(PYTHON) -m venv $(NOTEBOOK)
	$(NOTEBOOK)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/notebook.txt
	touch $@

# Chalice requires a version of pip.
$(CHALICE)/.installed: requirements/chalice.txt
	$(PYTHON) -m venv $(CHALICE)
	$(CHALICE)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/chalice.txt
	touch $@

test: setup ## the tests that take minutes together
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --durations 20

acceptance: setup $(CHECKOV)/.installed $(NOTEBOOK)/.installed $(CHALICE)/.installed ## tests that take minutes each: workflows from an empty account on, other teams, a browser, load
	$(BIN)/python -m pytest -m acceptance -n 2 --dist loadfile --no-loadscope-reorder --durations 20

image: setup ## build the image with Docker, Podman or Buildah, and run its programs as SageMaker does
	$(BIN)/python -m pytest -m image -rs

coverage: setup ## what the tests run of src/mlops, other processes included: make coverage TESTS=tests/cli
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(TESTS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

lint: setup $(CHECKOV)/.installed ## style, types, workflows, templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PATH="$(CURDIR)/$(BIN):$$PATH" actionlint
	$(BIN)/zizmor --offline --strict-collection --persona pedantic .github '$(GENERATED)/.github'
	$(BIN)/cfn-lint infra/*.yml '$(GENERATED)'/infra/*.yml
	$(CHECKOV)/bin/python -m checkov.main --directory infra --framework cloudformation --skip-download --quiet --compact
	$(CHECKOV)/bin/python -m checkov.main --directory '$(GENERATED)/infra' --framework cloudformation --skip-download --quiet --compact

# The same bytes on every machine: no modes, no times of this one.
wheel: setup ## the package of src/ as the wheel in a generated repository's vendor/
	rm -rf "$(BUILD)" "$(WHEEL_FOR)"/vendor/*.whl && mkdir "$(BUILD)"
	cp -r src pyproject.toml LICENSE "$(BUILD)" && chmod -R u=rwX,go=rX "$(BUILD)"
	SOURCE_DATE_EPOCH=315532800 $(PIP) wheel --quiet --no-index --no-build-isolation --no-deps --wheel-dir "$(WHEEL_FOR)/vendor" "$(BUILD)"
	rm -rf "$(BUILD)"
	for wheel in "$(WHEEL_FOR)"/vendor/*.whl; do echo "./vendor/$${wheel##*/} $$($(PIP) hash "$$wheel" | tail -n 1)"; done > "$(WHEEL_FOR)/requirements/mlops.txt"

lock: wheel ## pin what the .in files name
	$(PIP) install --quiet uv
	$(MAKE) --directory '$(GENERATED)' --file Makefile BIN='$(abspath $(BIN))' locks
	$(BIN)/uv $(COMPILE) --constraints '$(GENERATED)/requirements/dev.txt' --output-file requirements/template.txt requirements/template.in
	$(BIN)/uv $(COMPILE) --output-file requirements/checkov.txt requirements/checkov.in
	$(BIN)/uv $(COMPILE) --output-file requirements/chalice.txt requirements/chalice.in
	$(BIN)/uv $(COMPILE) --extra notebook --output-file requirements/notebook.txt pyproject.toml requirements/notebook.in
