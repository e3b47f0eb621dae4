# Each target sets up what it needs first; a bare checkout with Python 3.10 or 3.11 and a C++ compiler is enough.
PYTHON ?= $(shell command -v python3.11 || command -v python3.10 || echo python3)
BIN := .venv/bin
INSTALLED := .venv/installed
export TF_CPP_MIN_LOG_LEVEL ?= 2

.PHONY: demo test bench likeness install

demo: install
	$(BIN)/python -m morph3d demo

test: install
	$(BIN)/python -m pytest

# How long the renderer takes, beside TensorFlow Graphics, and whether training waits for photos; leave the machine alone meanwhile.
bench: install
	$(BIN)/python -m benchmarks.render --json=runs/render.json
	$(BIN)/python -m benchmarks.input --json=runs/input.json

# The main job on real photographs, and how well a recognizer that training never saw knows the faces. DATA holds photos/train,
# photos/test (a folder a person), ict_facekit/FaceXModel.tar.xz and recognizer (a SavedModel).
likeness: install runs/FaceXModel
	$(BIN)/morph3d-train --photos="$(DATA)/photos/train" --morphable_model=runs/FaceXModel --output=runs/likeness
	for stage in synthetic hybrid; do \
	  $(BIN)/morph3d-export --run=runs/likeness --checkpoint=runs/likeness/checkpoints/$$stage --output=runs/likeness/$$stage && \
	  $(BIN)/morph3d-evaluate --model=runs/likeness/$$stage --photos="$(DATA)/photos/test" --recognizer="saved_model:$(DATA)/recognizer" \
	    --picture=runs/likeness/$$stage.png || exit 1; \
	done

runs/FaceXModel:
	@test -f "$(DATA)/ict_facekit/FaceXModel.tar.xz" || { echo "error: DATA=$(DATA) holds no ict_facekit/FaceXModel.tar.xz"; exit 1; }
	rm -rf runs/unpacking && mkdir -p runs/unpacking
	tar -xJf "$(DATA)/ict_facekit/FaceXModel.tar.xz" -C runs/unpacking
	mv runs/unpacking/FaceXModel $@ && rmdir runs/unpacking

install: $(INSTALLED)

# TensorFlow goes first: the native op is built against the one that is installed.
$(INSTALLED): setup.py pyproject.toml $(wildcard morph3d/renderer/kernels/*)
	$(PYTHON) -c "import sys; v = sys.version_info[:2]; v in ((3, 10), (3, 11)) or sys.exit('error: Python %d.%d found, but morph3d needs 3.10 or 3.11: make PYTHON=/path/to/python3.11' % v)"
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check setuptools==80.9.0 wheel tensorflow==2.21.0
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --editable ".[test]"
	touch $@
