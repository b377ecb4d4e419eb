# The front door: “make help” lists what one can do. Needs Python 3.11 or newer, and nothing else on the system.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
# The lists are complete and hashed; sources are built by the pinned setuptools. requirements/README.md says why.
PIP := $(BIN)/pip --disable-pip-version-check --no-input --quiet install --require-hashes --no-deps --no-build-isolation
TESTS ?= tests
WORKERS ?= 2

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: chaos docs help install run test lint bench screenshots package release-check lock clean

help: ## list what one can do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

install: $(STAMPS)/system $(STAMPS)/local $(STAMPS)/project $(STAMPS)/archive ## make .venv and install the program, with a PostgreSQL and a Spark for this computer

run: install ## open the window; without a display, run the sample “flights” in the terminal; on this computer's own servers
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then exec $(BIN)/pipeline-gui; fi; \
	$(BIN)/pipeline-gui start flights --wait && echo && $(BIN)/pipeline-gui runs

test: lint $(STAMPS)/browser ## check everything and run all tests (TESTS=… and WORKERS=… choose)
	$(BIN)/pytest -n $(WORKERS) $(TESTS)

lint: install $(STAMPS)/dev ## check style, types and the floors of the house
	$(BIN)/ruff check .
	$(BIN)/mypy pipeline_gui tests bench installers resources/pipelines requirements/system_packages.py
	$(BIN)/lint-imports

bench: install $(STAMPS)/dev ## measure, and write build/bench.json (BENCH=NAME runs one)
	$(BIN)/python -m bench $(BENCH)

screenshots: install $(STAMPS)/dev $(STAMPS)/browser ## paint the states of window and page into docs/screenshots/
	$(BIN)/python -m tests.window.screenshots
	QT_SCALE_FACTOR=2 $(BIN)/python -m tests.window.screenshots
	$(BIN)/python -m tests.service.screenshots

docs: install $(STAMPS)/dev ## build the documentation into build/site/; a warning is an error
	$(BIN)/mkdocs build --quiet --strict

package: install $(STAMPS)/dev ## build dist/: the program without Python (folder, .tar.gz, .deb, SBOM), a wheel and an sdist
	rm -rf dist
	PYTHONHASHSEED=0 SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} sh -c '\
		$(BIN)/pyinstaller --noconfirm --clean --log-level WARN build.spec && $(BIN)/python -m installers dist'

release-check: install $(STAMPS)/dev ## look whether this can be released, step by step (STEPS=… chooses; BARE_MACHINE=… names one)
	$(BIN)/python -m installers.release

chaos: install $(STAMPS)/dev ## kill every part at every point, and write build/chaos.json (SEED=, ROUNDS= and HOURS= choose)
	$(BIN)/python -m tests.chaos

lock: ## pin the newest versions that pyproject.toml allows (needs uv)
	uv pip compile $(LOCK) --output-file requirements/build.txt requirements/build.in
	uv pip compile $(LOCK) --output-file requirements/dev.txt --extra dev --constraints requirements/build.txt pyproject.toml
	uv pip compile $(LOCK) --output-file requirements/local.txt --extra local --constraints requirements/dev.txt pyproject.toml

clean: ## remove .venv and what was built; profiles and their data stay
	rm -rf $(VENV) build dist *.egg-info

LOCK := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-config

# --- installation: each step leaves a stamp, so that the next time takes no time and no network -----------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "No virtual environment can be made; on Debian: sudo apt-get install -y python3-venv"; exit 1; }

$(STAMPS)/build: requirements/build.txt | $(BIN)/python
	@mkdir -p $(STAMPS)
	@$(PIP) -r requirements/build.txt
	@touch $@

$(STAMPS)/local: requirements/local.txt $(STAMPS)/build
	@echo "Installing (the first time about 1 GB is fetched and Spark is unpacked: some minutes) …"
	@$(PIP) -r requirements/local.txt
	@touch $@

$(STAMPS)/dev: requirements/dev.txt $(STAMPS)/local
	@echo "Installing what the tests and checks need …"
	@$(PIP) -r requirements/dev.txt
	@touch $@

$(STAMPS)/browser: requirements/system_packages.py | $(BIN)/python
	@mkdir -p $(STAMPS)
	@$(BIN)/python requirements/system_packages.py --tests
	@touch $@

$(STAMPS)/project: pyproject.toml $(STAMPS)/build
	@$(BIN)/pip --disable-pip-version-check --no-input --quiet install --no-deps --no-build-isolation --editable .
	@touch $@

# Java's class archive is bound to the very files of Java and Spark, so it is made anew when they are.
$(STAMPS)/archive: $(STAMPS)/local $(STAMPS)/project
	@echo "Preparing a quick start of Spark …"
	@$(BIN)/python -m pipeline_gui.embedded.class_archive
	@touch $@

$(STAMPS)/system: requirements/system_packages.py | $(BIN)/python
	@mkdir -p $(STAMPS)
	@$(BIN)/python requirements/system_packages.py
	@touch $@
