# Everything below runs from a fresh clone: `.venv` is made from requirements.lock when it is missing or out
# of date. Needed: Python 3.11 to 3.13, git and make. ARGS passes arguments on: make demo ARGS="--once".

PYTHON ?=
ARGS ?=

VENV := .venv
READY := $(VENV)/.ready
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check --no-input
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := help
.PHONY: help demo test lint chaos soak bench docs tools

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## run the whole bot against a local X and tell what happens (Ctrl-C ends it)
	@$(VENV)/bin/unroll demo $(ARGS)

.PHONY: setup
setup: $(READY) ## ask for the keys of a real account, check them, write .env
	@$(VENV)/bin/unroll setup $(ARGS)

# Old processes and the new schema may work side by side: nothing is stopped here, and nothing started.
.PHONY: upgrade
upgrade: $(READY) ## after `git pull`: bring the libraries and the database up to date
	@if test -e .env -o -n "$$DATABASE_URL" -o -e var/unroll.db; then $(VENV)/bin/unroll db upgrade; \
	else echo "no .env here: run $(CURDIR)/$(VENV)/bin/unroll db upgrade where it is" 1>&2; fi
	@echo "Next: start the processes anew, for what runs is still the version before" \
		"(Ctrl-C and honcho start, or systemctl restart unroll.target)" 1>&2

# Most tests wait for processes, leases and time-outs: a few at a time are quicker even on two cores.
test: $(READY) ## run the tests: make test ARGS="tests/cli -k replay"
	@$(VENV)/bin/python -m pytest -n 3 --dist worksteal $(ARGS)

lint: $(READY) ## check style, types and the arrows between the layers
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

chaos: $(READY) ## storm the whole house: make chaos ARGS="--seed 1 --seeds 20 --mentions 500"
	@$(VENV)/bin/python -m tests.chaos $(ARGS)

soak: $(READY) ## run under an even load: make soak ARGS="--minutes 30 --rate 10"
	@$(VENV)/bin/python -m benchmarks.soak $(ARGS)

.PHONY: graph
graph: $(READY) ## soak for half an hour and draw it for the documentation
	@$(VENV)/bin/python -m benchmarks.soak --json docs/soak.json $(ARGS)
	@$(VENV)/bin/python -m docs.soak docs/soak.json docs/pictures/soak.svg

bench: $(READY) ## measure: threads, pages, exports, the queue
	@$(VENV)/bin/python -m benchmarks $(ARGS)

.PHONY: lighthouse
lighthouse: $(READY) ## what Lighthouse says of the site's pages (needs npm and chromium)
	@$(VENV)/bin/python -m benchmarks.lighthouse

# Too large for everybody: 70 MB of schemas, and linters that only the tests of deploy/ use.
tools: $(READY) ## install what checks deploy/: its tests skip without
	@$(PIP) install -qq --require-hashes --no-deps -r tests/deploy/requirements.lock

DOCS := build/docs-venv
docs: $(READY) ## build the documentation into build/docs
	@test -e $(DOCS)/.ready -a ! docs/requirements.lock -nt $(DOCS)/.ready || { \
		$(VENV)/bin/python -m venv --clear $(DOCS) && \
		$(DOCS)/bin/python -m pip --disable-pip-version-check --no-input install -qq --prefer-binary --require-hashes \
			-r docs/requirements.lock && touch $(DOCS)/.ready; }
	@NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --strict --quiet

# The first Python that fits; PYTHON=... is taken at its word.
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
FIND = for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11); do \
		if "$$python" -c "$(FITS)" 2>/dev/null; then found="$$python"; break; fi; \
	done

$(READY): requirements.lock pyproject.toml
	@exec 1>&2; set -e; \
	if ! $(VENV)/bin/python -c "$(FITS)" 2>/dev/null; then \
		$(FIND); \
		if [ -z "$$found" ]; then \
			echo "unroll-bot needs Python 3.11, 3.12 or 3.13, and $(or $(PYTHON),python3) is none:" \
				"install one (apt install python3.11 python3.11-venv), or name one: make PYTHON=/path/to/python"; \
			exit 1; \
		fi; \
		if ! "$$found" -c "import ensurepip, venv" 2>/dev/null; then \
			echo "$$found has no venv module: apt install python3-venv"; \
			exit 1; \
		fi; \
		echo "Making $(VENV) with $$("$$found" --version) ..."; \
		"$$found" -m venv --clear $(VENV); \
	fi; \
	echo "Installing what requirements.lock names; the first time takes a minute or two ..."; \
	{ n=0; while sleep 15 >/dev/null 2>&1; do n=$$((n + 15)); echo "  still at it after $$n s ..."; done; } & \
	trap "kill $$!" EXIT; \
	$(PIP) install -qq --prefer-binary --require-hashes -r requirements.lock; \
	$(PIP) install -qq --no-deps --no-build-isolation -e .; \
	touch $@
