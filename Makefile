# Everything a newcomer needs: `make run` and `make test`.
SHELL := /bin/bash
PYTHON ?= python3.11
SLIM ?=
VENV := $(if $(SLIM),.venv-slim,.venv)
# A small installation has the bytecode of what it uses, written on first use.
export PYTHONDONTWRITEBYTECODE ?= $(if $(SLIM),,1)
LINT := .venv-lint
REFERENCE := .venv-reference
BIN := $(VENV)/bin
COMPILE = $(LINT)/bin/uv pip compile --quiet --python-version 3.11 --no-annotate --custom-compile-command "make lock"
NODE := PATH="$(CURDIR)/$(LINT)/bin:$$PATH"
unexport PYTHONPATH
unexport DJANGO_SETTINGS_MODULE

.PHONY: help run test test-all test-image test-wheel test-proxies wheel native lint bench docs pictures reference messages lock hooks clean
help: ## Show what can be asked for
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

run: native ## Start the website and its worker; Ctrl-C stops all of it. SLIM=1 installs without TensorFlow, Spleeter and compiler
	@exec $(BIN)/python manage.py run --with-parent

test: $(VENV)/.tests native ## Run the test suite on SQLite; ARGS="-k name" runs a part of it
	@exec $(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

test-all: $(VENV)/.tests native $(LINT)/.ready ## Run everything: PostgreSQL, Redis, S3 and a real browser; ARGS as for test
	@$(NODE) node --test "tests/js/**/*.test.js"
	@exec tests/with-services $(BIN)/python -m pytest -n 2 --dist loadgroup --browser-tests $(ARGS)

lint: $(LINT)/.ready node_modules/.ready ## Style, types, direction of imports, templates, scripts, migrations, API schema
	@$(LINT)/bin/ruff check .
	@$(LINT)/bin/ruff format --check .
	@$(LINT)/bin/mypy .
	@$(LINT)/bin/lint-imports
	@$(LINT)/bin/python -m config.settings_table --check
	@$(LINT)/bin/python -m separation.engines # reads the descriptors of all models
	@$(LINT)/bin/djlint templates --check --quiet
	@$(LINT)/bin/djlint templates --lint --quiet
	@$(NODE) node_modules/.bin/biome ci --error-on-warnings
	@$(NODE) node_modules/.bin/tsc
	@NO_MKDOCS_2_WARNING=1 $(LINT)/bin/mkdocs build --quiet
	@STEMOTECA_DATA=$$(mktemp -d) $(LINT)/bin/python manage.py makemigrations --check --dry-run
	@STEMOTECA_DATA=$$(mktemp -d) $(LINT)/bin/python manage.py spectacular --validate --fail-on-warn --file /dev/null

wheel: ## Make the wheel of the program, with the native engine for x86-64 and aarch64, in build/wheel
	@command -v $(PYTHON) >/dev/null || { echo "Stemoteca needs Python 3.11 (looked for '$(PYTHON)')"; exit 1; }
	@rm -rf build/wheel && mkdir -p build/wheel
	@$(PYTHON) -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir build/wheel .
	@ls build/wheel/*.whl

test-wheel: wheel ## Walk through an installation of the wheel, as another user on a path with spaces (needs root)
	@exec deploy/tests/wheel build/wheel/*.whl

test-image: ## Build both images with buildah and walk through them (needs root, buildah, debootstrap, qemu-user)
	@exec deploy/tests/image

test-proxies: $(VENV)/.tests native ## Upload (500 MB as well), play and download behind nginx and Caddy, with HTTPS and below a path
	@STEMOTECA_TEST_MEGABYTES=500 exec $(BIN)/python -m pytest --browser-tests tests/e2e/addresses/test_proxies.py $(ARGS)

bench: $(VENV)/.tests native ## Print the benchmark tables
	@exec $(BIN)/python -m benchmarks

docs: $(LINT)/.ready ## Build the site of the documentation into build/site
	@NO_MKDOCS_2_WARNING=1 $(LINT)/bin/mkdocs build --quiet

pictures: $(VENV)/.tests native ## Make the pictures of the documentation again, from a real installation (needs Chromium)
	@exec $(BIN)/python -m docs.take_pictures

reference: $(REFERENCE)/.ready ## Make the environment of the networks' originals, for tests of equality and benchmarks

messages: $(LINT)/.ready ## Gather and compile the translations (needs gettext)
	@STEMOTECA_DATA=$$(mktemp -d) $(LINT)/bin/python manage.py makemessages --locale es --no-location --no-obsolete --ignore '.venv*' --ignore var --ignore build --ignore node_modules
	@STEMOTECA_DATA=$$(mktemp -d) $(LINT)/bin/python manage.py compilemessages --locale es --ignore '.venv*' --ignore node_modules

lock: $(LINT)/.ready ## Resolve all requirements*.in; pins that still fit stay (ARGS=--upgrade renews them)
	@$(COMPILE) requirements.in -o requirements.txt $(ARGS)
	@$(COMPILE) requirements-slim.in -c requirements.txt -o requirements-slim.txt $(ARGS)
	@$(COMPILE) requirements-s3.in -c requirements.txt -o requirements-s3.txt $(ARGS)
	@$(COMPILE) requirements-test.in -c requirements.txt -o requirements-test.txt $(ARGS)
	@$(COMPILE) requirements-lint.in -o requirements-lint.txt $(ARGS)
	@MACOSX_DEPLOYMENT_TARGET=14.0 $(COMPILE) --python-platform macos requirements-reference.in -o requirements-reference.txt $(ARGS) # where there is no CUDA

hooks: $(LINT)/.ready ## Let git check each commit, and run make lint before each push
	@$(LINT)/bin/pre-commit install

clean: ## Remove the environments (never the data)
	rm -rf .venv .venv-slim $(LINT) $(REFERENCE) node_modules build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "Stemoteca needs Python 3.11 (looked for '$(PYTHON)'); install it or name it with PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "Stemoteca needs Python 3.11, and '$(PYTHON)' is another version; name one with PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.txt | $(VENV)/bin/python
	@echo "Installing what Stemoteca needs; the first time takes a few minutes."
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.slim: requirements-slim.txt requirements-s3.txt $(wildcard separation/engines/spleeter/native/*.py separation/engines/spleeter/native/src/*)
	@command -v $(PYTHON) >/dev/null || { echo "Stemoteca needs Python 3.11 (looked for '$(PYTHON)'); install it or name it with PYTHON=..."; exit 1; }
	@echo "Installing what a server needs; the first time takes a minute."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-compile -r requirements-slim.txt -r requirements-s3.txt
	@# The compiler is there for as long as it takes.
	@compiler=$$(mktemp -d) && trap 'rm -rf "$$compiler"' EXIT && \
	  { $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-compile --target "$$compiler" $$(grep '^ziglang==' requirements.txt) \
	    && PYTHONPATH="$$compiler" $(BIN)/python -m separation.engines.spleeter.native || true; }
	@$(BIN)/pip uninstall --quiet --yes --disable-pip-version-check setuptools pip
	@touch $@

ifeq ($(SLIM),)
native: $(VENV)/.runtime # our own network, for the processor at hand, if it is not there yet
	@$(BIN)/python -m separation.engines.spleeter.native || true
else
native: $(VENV)/.slim
endif

$(VENV)/.tests: requirements-test.txt $(VENV)/.runtime
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-test.txt
	@touch $@

$(LINT)/.ready: requirements-lint.txt
	@command -v $(PYTHON) >/dev/null || { echo "Stemoteca needs Python 3.11 (looked for '$(PYTHON)')"; exit 1; }
	@test -x $(LINT)/bin/python || $(PYTHON) -m venv $(LINT)
	@$(LINT)/bin/pip install --quiet --disable-pip-version-check -r requirements-lint.txt
	@touch $@

$(REFERENCE)/.ready: requirements-reference.txt
	@command -v $(PYTHON) >/dev/null || { echo "Stemoteca needs Python 3.11 (looked for '$(PYTHON)')"; exit 1; }
	@test -x $(REFERENCE)/bin/python || $(PYTHON) -m venv $(REFERENCE)
	@$(REFERENCE)/bin/pip install --quiet --disable-pip-version-check -r requirements-reference.txt
	@# The last version with Conv-TasNet, beside the current one.
	@$(REFERENCE)/bin/pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(REFERENCE)/demucs-2 demucs==2.0.3
	@# Networks of many authors; what its training needs is left out.
	@$(REFERENCE)/bin/pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(REFERENCE)/msst msst==0.1.0
	@# Torchaudio's own library, which nothing here uses, is built for CUDA and cannot be loaded beside a CPU's PyTorch.
	@rm -f $(REFERENCE)/lib/python3.11/site-packages/torchaudio/lib/*.so
	@touch $@

node_modules/.ready: package-lock.json $(LINT)/.ready # Node itself comes with the linters
	@$(NODE) npm ci --silent
	@touch $@
