# Each target sets up what it needs first; a bare checkout, one of Python 3.10 to 3.13 and a C++ compiler are enough.
BIN := .venv/bin
INSTALLED := .venv/installed
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
export TF_CPP_MIN_LOG_LEVEL ?= 2

# The newest Python that can make a virtual environment (Debian has that apart, in python3-venv).
FITS := import ctypes, ensurepip, ssl, sys, venv; sys.exit(not (3, 10) <= sys.version_info < (3, 14))
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3.10 python3; do \
  $$python -c "$(FITS)" 2>/dev/null && echo $$python && break; done)

.PHONY: demo test slow check bench likeness install

demo: install
	$(BIN)/python -m morph3d demo

# With the doctests of the package; a file of tests to a process, of which there are as many as processors, but memory for few.
test: check
	$(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile

# Before a release: tests that take minutes.
slow: install
	$(BIN)/python -m pytest -m slow

# Style and types.
check: install
	$(BIN)/ruff check .
	$(BIN)/mypy

# How long the renderer takes, beside TensorFlow Graphics, a step of training and a reconstruction, beside their encoder, and whether
# training waits for photos; leave the machine alone meanwhile.
bench: install
	$(BIN)/python -m benchmarks.render --json=runs/render.json
	$(BIN)/python -m benchmarks.train_step --json=runs/train_step.json
	$(BIN)/python -m benchmarks.input --json=runs/input.json
	$(BIN)/python -m benchmarks.inference --json=runs/inference.json

# The main job on real photographs, and how well a recognizer that training never saw knows the faces. DATA holds photos/train,
# photos/test (a folder a person), ict_facekit/FaceXModel.tar.xz and recognizer (a SavedModel).
likeness: install runs/FaceXModel
	$(BIN)/morph3d-train --photos="$(DATA)/photos/train" --morphable_model=runs/FaceXModel --output=runs/likeness
	for stage in synthetic hybrid; do \
	  $(BIN)/morph3d-export --run=runs/likeness --checkpoint=runs/likeness/checkpoints/$$stage --output=runs/likeness/$$stage || exit 1; \
	done
	$(BIN)/morph3d-evaluate recognition --model=runs/likeness/hybrid --model=runs/likeness/synthetic --photos="$(DATA)/photos/test" \
	  --recognizer="saved_model:$(DATA)/recognizer" --output=runs/likeness/pictures --json=runs/likeness/likeness.json

runs/FaceXModel:
	@test -f "$(DATA)/ict_facekit/FaceXModel.tar.xz" || { echo "error: DATA=$(DATA) holds no ict_facekit/FaceXModel.tar.xz"; exit 1; }
	rm -rf runs/unpacking && mkdir -p runs/unpacking
	tar -xJf "$(DATA)/ict_facekit/FaceXModel.tar.xz" -C runs/unpacking
	mv runs/unpacking/FaceXModel $@ && rmdir runs/unpacking

install: $(INSTALLED)

# TensorFlow goes first: the native op is built against the one that is installed. Then the libraries, with build isolation, because
# some have no wheels for some machines. tensorflow-graphics asks for tensorflow-addons, which it does without and new Pythons lack.
$(INSTALLED): setup.py pyproject.toml constraints.txt $(wildcard morph3d/renderer/kernels/*) | $(BIN)/python
	$(PIP) pip setuptools tensorflow
	$(PIP) --no-build-isolation --no-deps --editable .
	$(PIP) "morph3d[all,test]"
	$(PIP) --no-deps tensorflow-graphics
	touch $@

$(BIN)/python:
	@$(or $(PYTHON),false) -c "$(FITS)" || { echo "error: morph3d needs Python 3.10 to 3.13 with ctypes, ensurepip, ssl and" \
	  "venv (Debian: python3-venv), but found '$(PYTHON)': make PYTHON=/path/to/python3.13"; exit 1; }
	$(PYTHON) -m venv .venv
