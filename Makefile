# SPDX-License-Identifier: BSD-2-Clause
# The front door. `make help` lists what it can do. Everything generated goes below build/.

# What `make run` starts: the newest complete system of systems/.
DEFAULT_SYSTEM = two-guests

SYSTEM ?= $(DEFAULT_SYSTEM)
BOARD  ?= qemu_virt_aarch64
CONFIG ?= debug

MAIN := build/main
FUZZ := build/fuzz
FUZZ_COVERAGE := build/fuzz-coverage
SDK  := build/sdk
PYTHON := /usr/bin/python3
export PYTHONPYCACHEPREFIX := $(CURDIR)/build/pycache

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c

# $(call ninja,folder,targets): ninja's own progress on a terminal, else only what goes wrong.
ninja = if [ -t 1 ]; then ninja -C $(1) $(2); else \
	ninja -C $(1) --quiet $(2) | sed '/^ninja: no work to do/d'; fi
# $(call configure,folder,options)
configure = meson setup $(1) --cross-file cross/aarch64.ini --prefix / $(2) >/dev/null || \
	{ tail -n 20 $(1)/meson-logs/meson-log.txt; exit 1; }

# Two ninjas must not work on one build folder: make runs one line at a time, ninja is parallel.
.NOTPARALLEL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all
.PHONY: all product setup run test test-unit test-boot test-long fuzz fuzz-long bench bench-compare lint format sdk clean help

## all: build everything (what `make` alone does)
all: setup $(MAIN)/build.ninja
	@$(call ninja,$(MAIN))
	@ln -sfn main/compile_commands.json build/compile_commands.json
	@ln -sfn main/sdk $(SDK)

# What is not for tests.
product: setup $(MAIN)/build.ninja
	@$(call ninja,$(MAIN),product)
	@ln -sfn main/sdk $(SDK)

## setup: install the Debian packages that are missing (says what and how much first)
setup:
	@scripts/setup.sh

$(MAIN)/build.ninja: | setup
	@$(call configure,$(MAIN))

$(FUZZ)/build.ninja: | setup
	@$(call configure,$(FUZZ),--native-file cross/clang.ini)

# Programs that are built for coverage and run here have nothing to tell.
$(FUZZ_COVERAGE)/build.ninja fuzz-long: export LLVM_PROFILE_FILE := /dev/null
$(FUZZ_COVERAGE)/build.ninja: | setup
	@$(call configure,$(FUZZ_COVERAGE),--native-file cross/clang.ini --native-file cross/coverage.ini)

## run: start a system in QEMU: make run [SYSTEM=name] [CONFIG=debug|release|benchmark] [ARGS=...]
##      guests boot Debian's kernel, or yours: [LINUX=Image] [INITRD=file] [DTB=file]
##      a system with a disk makes one, or takes yours: [DISK=file]
##      ARGS="--forward tcp:8080:10.0.2.16:80": a port that leads to a guest's
run: product
	@scripts/run.sh --board $(BOARD) --config $(CONFIG) $(SYSTEM) $(ARGS)

## test: all tests of a change: checks, clang-tidy, unit tests, models, short fuzz runs, boot tests
test: all $(FUZZ)/build.ninja
	@$(call ninja,$(MAIN),unit)
	@$(call ninja,$(FUZZ),fuzz)
	@$(PYTHON) scripts/test.py --fuzz-seed 1 checks tidy unit models fuzz boot

## test-unit: checks, unit tests and models only (T=text: those whose name has it)
test-unit: all
	@$(call ninja,$(MAIN),unit)
	@$(PYTHON) scripts/test.py --only '$(T)' checks unit models

## test-boot: boot tests only (T=text: those whose name has it)
test-boot: all
	@$(PYTHON) scripts/test.py --only '$(T)' boot

## test-long: the tests that take longer than `make test` may
test-long: all
	@$(PYTHON) scripts/test.py long

## fuzz: every fuzz target for a minute (SECONDS_EACH=60, T=text)
SECONDS_EACH ?= 60
fuzz: all $(FUZZ)/build.ninja
	@$(call ninja,$(FUZZ),fuzz)
	@$(PYTHON) scripts/test.py --only '$(T)' --fuzz-seconds $(SECONDS_EACH) fuzz

## fuzz-long: every fuzz target for RUNS=10000000, coverage, seeded faults: docs/results/fuzz.md
RUNS ?= 10000000
fuzz-long: all $(FUZZ)/build.ninja $(FUZZ_COVERAGE)/build.ninja
	@$(call ninja,$(MAIN),unit)
	@$(call ninja,$(FUZZ),fuzz)
	@$(call ninja,$(FUZZ_COVERAGE),fuzz)
	@$(PYTHON) scripts/fuzz_long.py --only '$(T)' --runs $(RUNS)

## bench: what it costs, in instructions, beside the peers: make bench [SYSTEMS=native,bulkhead,kvm,xen]
##      [ONLY=text]: figures whose name has it; QUICK=1: Bulkhead alone, in under three minutes
##      [WRITE=1]: make the tables and plots of docs/performance.md anew
SYSTEMS ?=
bench: all
	@$(PYTHON) bench/run.py $(if $(SYSTEMS),--systems '$(SYSTEMS)') --only '$(ONLY)' $(if $(QUICK),--quick) \
		$(if $(WRITE),--write)

## bench-compare: what changed since another run: make bench-compare OLD=file [NEW=file]
bench-compare: setup
	@$(PYTHON) bench/run.py --compare '$(OLD)' $(if $(NEW),'$(NEW)')

## lint: of `make test`, clang-tidy and the checks, formatting among them
lint: all
	@scripts/lint.sh
	@$(PYTHON) scripts/test.py checks

## format: let clang-format rewrite every C file
format: setup
	@git ls-files -z -- '*.c' '*.h' | xargs -0 clang-format -i

## sdk: copy the SDK, laid out as Microkit's makefiles expect it: make sdk [DEST=build/bulkhead-sdk]
DEST ?= build/bulkhead-sdk
sdk: product
	@meson install -C $(MAIN) --no-rebuild --quiet --destdir $(abspath $(DEST))
	@echo "The SDK is in $(DEST). It can be moved: MICROKIT_SDK=$(abspath $(DEST)) make ..."

## clean: remove build/: what was built and fetched, and the disks that `make run` made
clean:
	@rm -rf build

## help: this list
help:
	@sed -n 's/^## //p' $(firstword $(MAKEFILE_LIST))
