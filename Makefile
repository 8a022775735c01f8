# make run    start everything at http://127.0.0.1:8000 (PORT=8001 make run for another port)
# make test   all checks a change must pass (what .ci/run calls)
.PHONY: run test lint coverage battery bench requirements clean packages

# Without bytecode each of the many processes that tests start would compile the framework anew.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
# A company's own certificate authority is known to the system only.
CERTIFICATES := $(if $(wildcard /etc/ssl/certs/ca-certificates.crt),--system-certs)
INSTALL = $(BIN)/uv pip install --quiet $(CERTIFICATES) --python $(BIN)/python --require-hashes
PIP = $(BIN)/python -m pip install -qq --require-hashes

run: .venv/run.stamp
	@exec $(BIN)/python manage.py up

test: lint packages
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

lint: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy .

# The tests once more, with the share of lines and branches they go through; counting them takes its time.
coverage: .venv/test.stamp packages
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --cov --cov-report term

# Minutes to hours: simulations, fuzzing, fault tests.
battery: .venv/test.stamp packages
	$(BIN)/python -m pytest -m battery

bench: .venv/run.stamp
	$(BIN)/python manage.py set_up
	$(BIN)/python manage.py bench

# After editing requirements.in or requirements-dev.in.
requirements: $(BIN)/uv
	$(BIN)/uv pip compile --quiet $(CERTIFICATES) --generate-hashes --python-version 3.11 requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet $(CERTIFICATES) --generate-hashes --python-version 3.11 requirements-dev.in -o requirements-dev.txt

# Leaves var/ alone: that is where the data of a local installation lies.
clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.* htmlcov

.venv/run.stamp: requirements.txt | $(BIN)/uv
	@echo "Installing requirements.txt"
	@$(INSTALL) -r $< || $(PIP) -r $<
	@touch $@

.venv/test.stamp: requirements-dev.txt | $(BIN)/uv
	@echo "Installing requirements-dev.txt"
	@$(INSTALL) -r $< || $(PIP) -r $<
	@touch $@

# uv installs the rest in seconds; it comes from the same hashed list. Where it cannot, pip does all of it.
$(BIN)/uv: | $(BIN)/python
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.txt | $(PIP) -r /dev/stdin \
	    || echo "Without uv: pip installs, which takes longer"

# Debian ships Python without venv.
$(BIN)/python:
	@python=; for name in python3.11 python3 python3.12 python3.13; do \
	    $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && python=$$name && break; \
	done; \
	if [ -z "$$python" ]; then echo "CORTX needs Python 3.11 or newer" >&2; exit 1; fi; \
	$$python -c 'import ensurepip, venv' 2>/dev/null || sh .ci/packages python3-venv || exit 1; \
	echo "Creating .venv with $$python"; $$python -m venv .venv

# The servers and the browser the tests run against; a server given by URL need not be here.
packages:
	@missing=; \
	[ -n "$$DATABASE_URL" ] || command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || \
	    missing="$$missing postgresql"; \
	[ -n "$$REDIS_URL" ] || command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	command -v chromium >/dev/null || missing="$$missing chromium fonts-liberation"; \
	[ -z "$$missing" ] || sh .ci/packages $$missing
