# Everything a newcomer types. On a bare Debian or Ubuntu with Python 3.11+, make and git, each target
# does its own set-up; `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/sh
.SUFFIXES:

# Commands, services and tests start processes all the time: compiled once, each starts in half the time. A machine may have
# been told not to keep what was compiled.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
STAMP := .venv/.setup-done
SERVICES := members points partners insights notifications gateway

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: $(STAMP) ## Fetch uv if need be, and the locked dependencies into .venv

$(STAMP): uv.lock pyproject.toml deploy/bootstrap.sh
	@sh deploy/bootstrap.sh
	@touch $@

demo: $(STAMP) ## Replay real purchases through the whole platform (WEEKS=n for fewer)
	@$(BIN)/coalition demo $(if $(WEEKS),--weeks $(WEEKS))

up: $(STAMP) ## Run the whole platform on this machine until Ctrl-C
	@$(BIN)/coalition up

test: $(STAMP) ## Run the tests against real servers, but the long ones and those of `check` (ARGS="-k name" for some)
	@$(BIN)/pytest -n 3 --dist loadscope --no-loadscope-reorder -m "not long" --ignore tests/architecture $(ARGS)

test-long: $(STAMP) ## Run the tests that take long: load, a whole year, the demo's slice, broken builds of chaos
	@$(BIN)/pytest -n 2 --dist loadscope --no-loadscope-reorder -m long $(ARGS)

bench: $(STAMP) ## Measure against references on this machine, eleven minutes at most (ONLY=name for one row)
	@$(BIN)/python -m tests.performance $(if $(ONLY),--only $(ONLY))

chaos: $(STAMP) ## Break things under traffic and prove the books (SEED=n MINUTES=n, or BREAK=name)
	@$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES)) \
		$(if $(FAULTS),--faults $(FAULTS)) $(if $(BREAK),--break $(BREAK))

chaos-events: $(STAMP) ## Break things under traffic and count what each subscriber made of the events (SEED=n MINUTES=n)
	@$(BIN)/python -m tests.events_chaos $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES))

attack: $(STAMP) ## Send what the API's document allows and what it does not, and check each answer (CASES=n SEED=n)
	@$(BIN)/python -m tests.attack $(if $(CASES),--cases $(CASES)) $(if $(SEED),--seed $(SEED))

proto: $(STAMP) ## Regenerate the code of the contract into proto/gen
	@$(BIN)/python proto/generate.py

client: $(STAMP) ## Write the Python client from the OpenAPI document and build its wheel into clients/python/dist
	@$(BIN)/python clients/python/generate.py
	@cd clients/python && ../../$(BIN)/hatchling build -t wheel

CHECKS := check-types check-format check-lint check-imports check-proto check-client check-rules check-sql check-deploy

check: $(STAMP) ## Run all linters, two at a time
	@$(MAKE) --no-print-directory -j2 --output-sync=target $(CHECKS)

check-format: $(STAMP)
	@$(BIN)/ruff format --check .

check-lint: $(STAMP)
	@$(BIN)/ruff check .

check-types: $(STAMP)
	@$(BIN)/basedpyright --level error

check-imports: $(STAMP)
	@$(BIN)/lint-imports

check-proto: $(STAMP)
	@$(BIN)/buf lint proto
	@$(BIN)/buf breaking proto --against proto/released.binpb

check-client: $(STAMP)
	@$(BIN)/python clients/python/generate.py --check

check-rules: $(STAMP)
	@$(BIN)/pytest tests/architecture

check-sql: $(STAMP)
	@for service in $(SERVICES); do \
		$(BIN)/coalition migrate --sql $$service | $(BIN)/squawk --stdin-filepath $$service.sql || exit 1; \
	done

check-deploy: $(STAMP)
	@files=$$(git ls-files '*Dockerfile'); [ -z "$$files" ] || $(BIN)/hadolint $$files
	@files=$$(git ls-files '*.yaml' '*.yml'); [ -z "$$files" ] || $(BIN)/yamllint --strict $$files

.PHONY: help setup demo up test test-long bench chaos chaos-events attack proto client check check-format check-lint check-types check-imports \
	check-proto check-client check-rules check-sql check-deploy
