# `make help` lists the targets. DEVICE=cuda fetches and links the CUDA flavour of libtorch.
DEVICE ?= cpu
VALUES ?=
JOBS ?= 1
# What makes oneDNN and libtorch compute as on processors with fewer instructions.
PROCESSORS := ONEDNN_MAX_CPU_ISA=AVX2 ONEDNN_MAX_CPU_ISA=AVX512_CORE ATEN_CPU_CAPABILITY=avx2
# The paper's four noise families.
PAPER ?= $(sort $(wildcard experiments/paper_*.yaml))
PYTHON ?= python3
VENV := .venv-bench
VENV_TEST := .venv-test
VENV_WEB := .venv-web

.DEFAULT_GOAL := help
.PHONY: help setup build train como workspace weightless talk test test-processors test-slurm test-web same-bits lint bench reproduce

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  DEVICE=cuda with any of them: for machines with NVIDIA GPUs"

setup: ## Fetch libtorch (once for this machine) and link it into this checkout
	@$(PYTHON) scripts/setup.py $(DEVICE)

build: setup ## Build the release binaries, target/release/train and target/release/umwelt
	cargo build --release --locked --features language

train: build ## Train the quick profile, print its scores beside the baselines, draw its figures
	target/release/train --configs experiments/quick.yaml --values device=$(DEVICE) $(VALUES)

como: build ## Fetch MNIST, train two agents that must talk, print what their messages are worth, draw the digits
	target/release/umwelt data mnist
	target/release/train --configs experiments/como.yaml --values device=$(DEVICE) $(VALUES)

workspace: build ## Train a workspace of pictures, attributes and captions, print its scores beside baselines, draw its figures
	target/release/train --configs experiments/gw_quick.yaml --values device=$(DEVICE) $(VALUES)

weightless: build ## Fetch MNIST, teach 60,000 digits to tables, print the learning curve beside baselines, draw it
	target/release/umwelt data mnist
	target/release/train --configs experiments/weightless.yaml $(VALUES)

talk: build ## Pretrain a small language model, let it talk in text and in hidden states, print the table of channels
	target/release/train --configs experiments/talk.yaml --values device=$(DEVICE) $(VALUES)

test: setup $(VENV_TEST)/ready ## Run every test but those through Slurm (fetches W&B and TensorBoard to hold ours against)
	cargo test --locked --workspace

test-processors: setup ## Run the numeric tests again as on processors with fewer instructions
	@for setting in $(PROCESSORS); do \
	    echo "$$setting"; \
	    env $$setting cargo test --locked --quiet --test it -- networks:: parity:: not_finite:: || exit 1; \
	    env $$setting cargo test --locked --quiet -p umwelt-torch --lib || exit 1; \
	    env $$setting cargo test --locked --quiet -p umwelt-language || exit 1; \
	    env $$setting cargo test --locked --quiet --lib -- models:: || exit 1; \
	done

test-slurm: setup ## Run sweeps through a real Slurm (on Debian as root, fetches it)
	scripts/install_slurm.sh
	cargo test --locked --test slurm -- --ignored --test-threads=1

test-web: setup $(VENV_WEB)/ready ## Open the pages of `umwelt serve` in a headless Chromium (on Debian as root, fetches it)
	scripts/install_chromium.sh
	cargo build --locked --bins --features language
	$(VENV_WEB)/bin/pytest --quiet --cache-clear tests/web

same-bits: setup ## Compare the results of eight short commands, bit for bit, with another commit: BASE=REF
	@test -n "$(BASE)" || { echo "say which commit to compare with: make same-bits BASE=main~1"; exit 2; }
	rm -rf target/baseline/source && git worktree prune
	git worktree add --detach --force target/baseline/source $(BASE)
	ln -sfn "$$(readlink -f .libtorch)" target/baseline/source/.libtorch
	cd target/baseline/source && cargo build --locked --bins --target-dir ../build
	git worktree remove --force target/baseline/source
	UMWELT_BASELINE="$(CURDIR)/target/baseline/build/debug" cargo test --locked --test it same_bits

lint: setup ## Check formatting and run clippy; no warning passes
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo clippy --locked --workspace -- -D warnings

reproduce: build ## The paper's grids and their reports: PAPER=experiments/paper_... VALUES="vicreg.epochs=5" JOBS=2 FLAGS=--dry-run
	@for sweep in $(PAPER); do \
	    target/release/umwelt sweep $$sweep --jobs $(JOBS) --values device=$(DEVICE) $(VALUES) $(FLAGS); \
	    $(if $(findstring --dry-run,$(FLAGS)),,target/release/umwelt report $$sweep --values device=$(DEVICE) $(VALUES);) \
	done

bench: build $(VENV)/ready ## Measure against plain PyTorch, both in one run (fetches PyTorch for it)
	cargo bench --locked

$(VENV)/ready: benches/requirements.txt
$(VENV_TEST)/ready: tests/requirements.txt
$(VENV_WEB)/ready: tests/web/requirements.txt
%/ready:
	$(PYTHON) -m venv $*
	$*/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@
