# `make help` lists the targets. DEVICE=cuda fetches and links the CUDA flavour of libtorch.
DEVICE ?= cpu
CONFIG ?= reproduce_configs/sweep_changing_uniform.(1).vicreg.best.yaml
VALUES ?=
PYTHON ?= python3
VENV := .venv-bench

.DEFAULT_GOAL := help
.PHONY: help setup build train test lint bench reproduce

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  DEVICE=cuda with any of them: for machines with NVIDIA GPUs"

setup: ## Fetch libtorch (once for this machine) and link it into this checkout
	@$(PYTHON) scripts/setup.py $(DEVICE)

build: setup ## Build the release binaries, target/release/train and target/release/umwelt
	cargo build --release --locked

train: build ## Train the quick profile, print its scores beside the floors, draw its figures
	target/release/train --configs experiments/quick.yaml --values device=$(DEVICE) $(VALUES)

test: setup ## Run every test
	cargo test --locked

lint: setup ## Check formatting and run clippy; no warning passes
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings

reproduce: build ## Train and judge one published setting: CONFIG=reproduce_configs/... VALUES="..."
	target/release/train --configs "$(CONFIG)" --values device=$(DEVICE) $(VALUES)

bench: build $(VENV)/ready ## Measure against plain PyTorch, both in one run (fetches PyTorch for it)
	cargo bench --locked

$(VENV)/ready: benches/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r benches/requirements.txt
	touch $@
