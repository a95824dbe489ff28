# Two commands do everything on a fresh machine with Python 3.11 or newer:
#   make demo    installs, and runs the main job
#   make test    installs, and passes the tests
# LIKENESS_DATA says where the AT&T faces are, if they are at hand.

PYTHON ?= python3
VENV ?= .venv
TORCH ?= torch==2.13.0
BIN := $(VENV)/bin
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check
# A module of a test environment is compiled when it is first imported, and kept: to compile all of
# them takes two minutes of computing, and nine in ten are never asked for.
AS_NEEDED := --no-compile
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test test-slow test-backends test-jax test-torch lint notebooks benchmark clean

demo: $(VENV)/.installed-demo
	$(BIN)/likeness demo

# A file's tests stay together: what they share is made once. As many workers as cores, each with
# one thread: two that share a core wait for one another, and compute while they wait.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 TF_ENABLE_ONEDNN_OPTS=1 \
  TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1
SIDE_BY_SIDE := -n auto --dist loadfile --no-loadscope-reorder

test: $(VENV)/.installed-dev
	$(ONE_THREAD) $(BIN)/python -m pytest $(SIDE_BY_SIDE)

# Whole protocols, on the real photos too: minutes each. The service's load runs alone.
LOADED := tests/bars/test_bars_service.py tests/service
test-slow: $(VENV)/.installed-dev
	$(ONE_THREAD) $(BIN)/python -m pytest -m slow $(SIDE_BY_SIDE) $(addprefix --ignore ,$(LOADED))
	$(BIN)/python -m pytest -m slow $(LOADED)

# The maths, a save/load round trip and a short training on the other Keras backends. What XLA
# compiles there runs a few times, so a third of the time is saved by doing it lightly (not level 0,
# which gave NaN for a training of writing).
BACKEND := -m pytest -m backend tests/encoders tests/model tests/tasks tests/training

test-backends: test-jax test-torch

test-jax test-torch: test-%: $(VENV)-%/.installed
	XLA_FLAGS=--xla_backend_optimization_level=1 KERAS_BACKEND=$* $(VENV)-$*/bin/python $(BACKEND)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Run the notebooks on the real photos and keep their tables and plots, but no photograph.
notebooks: $(VENV)/.installed-dev
	$(BIN)/python notebooks/build.py

# Every method on the same folds: an hour and a half on two cores.
benchmark: $(VENV)/.installed-benchmark
	$(BIN)/python -m benchmarks.accuracy

clean:
	rm -rf $(VENV) $(VENV)-jax $(VENV)-torch

$(BIN)/python:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || \
	  { echo "likeness needs Python 3.11 or newer; say which with: make PYTHON=python3.12 ..."; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-demo: pyproject.toml | $(BIN)/python
	@echo "Installing likeness with Keras and TensorFlow into $(VENV) (a minute or two) ..."
	$(BIN)/python $(PIP_INSTALL) -e ".[train]"
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	@echo "Installing likeness with its test tools into $(VENV) (a minute or two) ..."
	$(BIN)/python $(PIP_INSTALL) $(AS_NEEDED) -e ".[dev]"
	@touch $@ $(VENV)/.installed-demo

$(VENV)/.installed-benchmark: pyproject.toml | $(BIN)/python
	$(BIN)/python $(PIP_INSTALL) -e ".[benchmark]"
	$(BIN)/python $(PIP_INSTALL) --force-reinstall --no-deps "opencv-contrib-python-headless>=4.8,<5"
	@touch $@ $(VENV)/.installed-demo

$(VENV)-%/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)-$*
	$(VENV)-$*/bin/python $(PIP_INSTALL) $(AS_NEEDED) $(if $(filter torch,$*),"$(TORCH)",$*)
	$(VENV)-$*/bin/python $(PIP_INSTALL) $(AS_NEEDED) -e ".[learn]" pytest hypothesis
	@touch $@
