# Every target installs what it needs first; the second time that takes a moment.
PYTHON ?= python3
BIN := .venv/bin
export PYTHON
ifneq ($(wildcard ../shared/models/SHA256SUMS),)
export PROCTOR_WEIGHTS_MIRROR ?= $(abspath ../shared/models)
endif
ifneq ($(wildcard ../shared/media/manifest.json),)
export PROCTOR_MEDIA ?= $(abspath ../shared/media)
endif

# NETWORKS=registries: what package registries have and nothing else, as on a machine without a mirror. They lie in
# a folder of their own:  make test NETWORKS=registries
ifeq ($(NETWORKS),registries)
export PROCTOR_WEIGHTS := $(CURDIR)/build/registries
export PROCTOR_WEIGHTS_MIRROR :=
endif

# Compiled modules are kept under build/, also where the environment forbids __pycache__: every program that a
# test starts would compile all it imports anew.
export PYTHONDONTWRITEBYTECODE :=
export PYTHONPYCACHEPREFIX := $(CURDIR)/build/bytecode

.PHONY: setup setup-test setup-ansible setup-docs package provision lint-roles machines weights demo up check unit unit-values unit-arrays properties test soak chaos gpu-check bench accuracy openapi docs mutants promise proto lock clean varied

setup:
	@requirements/bootstrap.sh run

setup-test:
	@requirements/bootstrap.sh test

setup-ansible:
	@requirements/bootstrap.sh ansible

setup-docs:
	@requirements/bootstrap.sh docs

weights: setup
	@$(BIN)/proctorctl models fetch

demo: weights
	@$(BIN)/proctorctl demo

up: weights
	@$(BIN)/proctorctl up

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy tests
	$(BIN)/lint-imports
	$(BIN)/proctor-coordinator contract coordinator/promised.json

# Most of a unit run is importing: two processes do it side by side, one of them without numpy; both without the
# plugins that other tests need.
UNIT := PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(BIN)/pytest -q -p pytest_timeout -p no:cacheprovider

unit: setup
	@$(MAKE) --no-print-directory -j2 -Otarget unit-values unit-arrays

VALUES := tests/unit/edge/rules tests/unit/shared tests/unit/cli

unit-values:
	$(UNIT) $(VALUES)

unit-arrays:
	$(UNIT) tests/unit $(addprefix --ignore ,$(VALUES))

properties: setup
	$(BIN)/pytest -q tests/properties

# Five processes at once on two cores: two begin with exams in real time, which mostly wait, and a test that
# talks to a program of its own waits for its answers. tests/conftest.py says who yields to whom.
AT_ONCE := -n 5 --dist loadgroup --no-loadscope-reorder

test: setup-test
	@$(MAKE) --no-print-directory -j2 -Otarget check lint-roles unit-values unit-arrays properties
	@$(BIN)/proctorctl models fetch
	@$(BIN)/proctorctl models fetch --name pocketsphinx-en-us
	@[ -z "$$PROCTOR_WEIGHTS_MIRROR" ] || $(BIN)/proctorctl models fetch --mirrored --profile research
	$(BIN)/pytest -q $(AT_ONCE) --cache-clear --durations 20 tests/component tests/system || $(BIN)/python -m tests.again
	@echo "Left to \`make machines\`, as root: the playbooks on machines, their units and ports, an exam on them."

# The tests that could go on for ever, for longer than `make test` lets them; SEED=7 leaves other things to chance.
SEED ?= 20261122
LONGER := PROCTOR_THOROUGH=1 PROCTOR_SEED=$(SEED) $(BIN)/pytest -q $(AT_ONCE) --durations 20

# An hour or so: every property, operation, connection and broken picture, many times over.
soak: setup-test
	$(BIN)/pytest -q -n 2 --timeout 3600 --hypothesis-profile soak --hypothesis-seed $(SEED) tests/properties
	$(LONGER) -m soak tests/component tests/system

# A quarter of an hour: programs, hub and databases killed, frozen and cut off again and again, disks that fill.
chaos: weights setup-test
	$(LONGER) -m chaos tests/component tests/system

# What the roles install on machines: wheel, locks and what installs them, in build/package.
package: setup
	@requirements/package.sh

# Everything on the machines of an inventory:  make provision INVENTORY=my/hosts.yml [PLAYBOOK=upgrade]
PLAYBOOK ?= site
provision: setup-ansible package
	cd ansible && ../.tools/ansible/bin/ansible-playbook -i $(abspath $(INVENTORY)) playbooks/$(PLAYBOOK).yml $(OPTIONS)

# The rules of Ansible's own makers, the strictest set.
lint-roles: setup-ansible
	cd ansible && PATH=$(CURDIR)/.tools/ansible/bin:$$PATH ansible-lint --offline --profile production

# As root, for hours on two cores: empty machines in containers, and the playbooks and exams on them. EXAMPLES names
# some of the example inventories.
EXAMPLES ?= one-machine three-machines
machines: weights
	@requirements/bootstrap.sh machines
	@requirements/package.sh
	$(BIN)/python -m tests.machines $(EXAMPLES)

# Gigabytes: the packages of a GPU host, and every network opened with them. Not part of `make test`.
gpu-check: weights
	@requirements/gpu_check.sh

bench: weights
	$(BIN)/python -m tests.benchmarks

# MEDIA names a folder of labelled material of your own; without it one is composed of what is at hand.
PROFILES ?= open registry
HONEST_MINUTES ?= 7
TAKES ?= 1
accuracy: weights
	@[ -n "$(MEDIA)" ] || $(BIN)/python -m tests.scenarios build/accuracy/media --takes $(TAKES) --honest-minutes $(HONEST_MINUTES)
	$(BIN)/proctor-edge accuracy $(or $(MEDIA),build/accuracy/media) --out build/accuracy $(addprefix --profile ,$(PROFILES))

# Honest people in other colours, light, focus, sizes and frame rates: is anybody accused? Goes on where it ended.
varied: weights
	$(BIN)/python -m tests.scenarios.varied build/varied --minutes $(MINUTES) $(addprefix --profile ,$(PROFILES))

openapi: setup
	@mkdir -p build
	$(BIN)/proctor-coordinator openapi > build/openapi.json
	@mv build/openapi.json coordinator/openapi.json

# The site, in build/site: pages of the repository, those made from tables and programs, links and commands checked.
docs: setup-docs
	$(BIN)/python -m edge.tools.reference docs
	$(BIN)/python -m models.cards .
	$(BIN)/pytest -q -n 0 tests/unit/docs
	@rm -rf build/docs && mkdir -p build && cp -r docs build/docs && mkdir build/docs/commands
	for program in proctorctl proctor-edge proctor-coordinator; do \
		$(BIN)/$$program manual --markdown > build/docs/commands/$$program.md || exit 1; done
	$(BIN)/proctor-coordinator openapi --pages build/docs
	NO_MKDOCS_2_WARNING=1 .tools/docs/bin/mkdocs build --quiet --strict

# Small errors made on purpose, and which of them the tests notice: in modules changed since BASE, in MODULES, or in all.
BASE ?= HEAD~1
MINUTES ?= 30
SAMPLE ?= 0
mutants: weights setup-test
	$(BIN)/python -m tests.mutants $(MODULES) --base $(BASE) --minutes $(MINUTES) --sample $(SAMPLE) --seed $(SEED)

# The messages of gRPC, anew from their description; a test holds them equal.
PROTO := coordinator/following/deliveries.proto
proto: setup
	$(BIN)/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. $(PROTO)

# After a release: what its API gives is what callers are promised from then on.
promise: setup
	$(BIN)/proctor-coordinator contract coordinator/promised.json --promise

lock: setup
	@for name in dev edge-cpu edge-gpu coordinator ansible docs; do requirements/compile.sh $$name; done

clean:
	rm -rf .venv .tools build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
