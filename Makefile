# Two commands matter: `make demo` and `make test`. Both set up what they need by themselves.
PYTHON ?=
VENV   := .venv
BIN    := $(VENV)/bin
OUT    ?= demo_results
DISPLAY_OF_ITS_OWN := xvfb-run -a -s "-screen 0 1600x1000x24"

.PHONY: demo test lint licences audit gui docs bench screenshots train clean
.DEFAULT_GOAL := demo

$(VENV)/program: pyproject.toml napari.yaml hatch_build.py scripts/setup
	PYTHON="$(PYTHON)" scripts/setup $(VENV) program
	@touch $@

$(VENV)/develop: $(VENV)/program
	scripts/setup $(VENV) develop
	@touch $@

$(VENV)/docs: $(VENV)/program
	scripts/setup $(VENV) docs
	@touch $@

demo: $(VENV)/program  ## count the sample plate and write a report
	$(BIN)/osteocount demo --out $(OUT)

test: lint  ## everything that must hold
	$(DISPLAY_OF_ITS_OWN) $(BIN)/python -m pytest -n 2 --dist worksteal $(PYTEST_ARGS)

lint: $(VENV)/develop  ## style, types and the direction of imports
	@mkdir -p build
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/licences.py > build/licences.txt || (cat build/licences.txt; false)

licences: $(VENV)/develop  ## what is installed, and under which licence
	$(BIN)/python scripts/licences.py --all

audit: $(VENV)/develop  ## known weaknesses of what is installed (needs the network)
	$(BIN)/python -m pip install -q --group audit
	$(BIN)/python -m pip_audit --skip-editable

gui: $(VENV)/develop  ## napari with the OsteoCount dock
	$(BIN)/osteocount gui

docs: $(VENV)/docs  ## the guide as web pages, in build/docs; a warning is an error
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs
	@echo "guide: $(CURDIR)/build/docs/index.html"

build/peers: $(VENV)/develop  # networks of other programs, to time them
	$(BIN)/python -m venv $@
	$@/bin/python -m pip install -q tifffile imagecodecs "cellpose<4" stardist tensorflow-cpu

bench: $(VENV)/develop build/peers  ## every benchmark, written to docs/ or printed; see benchmarks/README.md
	$(BIN)/python benchmarks/performance.py
	$(BIN)/python benchmarks/accuracy.py
	$(BIN)/python benchmarks/effects.py
	$(BIN)/python benchmarks/invariance.py
	$(BIN)/python benchmarks/domain.py
	$(BIN)/python benchmarks/calibration.py
	$(BIN)/python benchmarks/planning.py
	$(BIN)/python benchmarks/learning.py
	$(DISPLAY_OF_ITS_OWN) $(BIN)/python benchmarks/gui_latency.py

SCENES := build/scenes
MODEL  := src/osteocount/segment/backends/cells.onnx
LOW_POWER_MODEL := src/osteocount/segment/backends/low_power.onnx
train: $(VENV)/develop  ## the networks of the learned segmenter anew (2 cores: 1¼ to 2 hours); see training/README.md
	$(BIN)/python -m pip install -q --group train
	$(BIN)/python training/data.py $(SCENES)/train --scenes 2000 --seed 1 --side-um 300
	$(BIN)/python training/data.py $(SCENES)/calibration --scenes 100 --seed 3 --side-um 400
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python training/train.py $(SCENES)/train build/cells.pt --seed 1
	$(BIN)/python training/export.py build/cells.pt $(SCENES)/calibration $(MODEL)
	$(BIN)/python training/low_power_data.py $(SCENES)/low_power/train --crops 2000 --seed 1
	$(BIN)/python training/low_power_data.py $(SCENES)/low_power/calibration --crops 200 --seed 3
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python training/train_low_power.py $(SCENES)/low_power/train build/low_power.pt --seed 1
	$(BIN)/python training/export_low_power.py build/low_power.pt $(SCENES)/low_power/calibration $(LOW_POWER_MODEL)

screenshots: $(VENV)/develop  ## the pictures in docs/images
	$(DISPLAY_OF_ITS_OWN) $(BIN)/python scripts/screenshots.py

clean:
	rm -rf $(VENV) build dist $(OUT)
