# Every target sets up what it needs, once: the virtual environment is made again only
# when one of the files that describe it changes.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

BIN := .venv/bin
READY := .venv/.ready

# What needs Qt or napari. Everything else is tested as on a machine that has neither.
WINDOW_TESTS := $(wildcard tests/widgets tests/test_manifest.py tests/test_readers.py \
	tests/test_session.py)
# Among the others some ask napari too, whether it takes what we hand it; without it
# those are skipped, so that they run once more with it.
NAPARI_TESTS := tests/layers tests/sample_data/test_menu.py
PYTEST := $(BIN)/python -m pytest --durations=5 --durations-min=2 $(ARGS)
# A choice of tests may leave one of the two runs without any, which pytest calls a 5.
NONE_IS_FINE := $(if $(ARGS),|| (($$? == 5)))

.PHONY: help demo test test-stages test-window check docs clean

help: ## what can be made
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 22

demo: $(READY) ## the whole journey on images made here; pictures in demo-output/
	$(BIN)/divnoise demo --out demo-output

test: $(READY) ## all tests; ARGS="-k tiles" chooses some
	@$(MAKE) --no-print-directory --keep-going test-stages test-window

test-stages: $(READY) ## the tests that must pass where napari and Qt are missing
	PYTHONPATH="$(CURDIR)/.ci/without-gui" PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 \
		$(PYTEST) tests $(WINDOW_TESTS:%=--ignore=%) $(NONE_IS_FINE)

test-window: $(READY) ## the tests that open windows, on a virtual screen if need be
	NAPARI_STRICT_QT=1 NAPARI_ENSURE_PLUGIN_MAIN_THREAD=1 \
		.ci/screen $(PYTEST) $(WINDOW_TESTS) $(NAPARI_TESTS) $(NONE_IS_FINE)

check: $(READY) ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(READY) ## docs/_html, after a look at every link and path they name
	$(BIN)/python docs/build.py

clean: ## forget caches and pictures; the virtual environment stays
	rm -rf demo-output docs/_html build dist .mypy_cache .pytest_cache .ruff_cache
	find src tests docs -name __pycache__ -prune -exec rm -rf {} +

$(READY): pyproject.toml constraints.txt .ci/setup
	.ci/setup
	@touch $@
