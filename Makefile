# Each target sets up what it needs and works offline afterwards; `make setup` alone makes the environment in .venv.
BIN := .venv/bin

.PHONY: help setup demo test hil cluster check bench fuzz book clean

help:            ## what can be made
	@grep -E '^[a-z]+: .*##|^[a-z]+:  +##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/'

setup:           ## the environment in .venv
	@tools/setup.sh

demo:            ## everything on this machine, from a scan in WeChat to the MCU and back; ARGS="--fresh" and so on
	@tools/setup.sh demo && exec $(BIN)/wxlink demo $(ARGS)

test:            ## all tests, several at once; ARGS="tests/relay -k login" narrows, and runs one after another
	@tools/setup.sh demo test && $(BIN)/pytest $(or $(ARGS),-n auto --dist worksteal && $(BIN)/pytest -c tests/hil/pytest.ini tests/hil)

hil:             ## one unit's whole life, on a simulated chip; ARGS="--bench real" tells how to wire a board
	@tools/setup.sh demo test && $(BIN)/pytest -c tests/hil/pytest.ini tests/hil $(ARGS)

cluster:         ## three NATS nodes, PostgreSQL and two relays under kill -9 and load; ARGS="--times 3" repeats it
	@tools/setup.sh demo test && $(BIN)/python -m acceptance $(or $(SITE),cluster) $(ARGS)

check:           ## lint, types, import rule, generated files
	@tools/setup.sh && tools/check.sh

bench:           ## figures with their peers, written to bench/results.json
	@tools/setup.sh demo test && $(BIN)/python -m bench $(ARGS)

fuzz:            ## every fuzzer long, about twenty minutes; ARGS="frames --seed 1" narrows and repeats
	@tools/setup.sh demo fuzz && $(BIN)/python -m fuzz $(ARGS)

book:            ## writes the generated parts of protocol/README.md and of the example SDK anew
	@tools/setup.sh && $(BIN)/python protocol/book.py && $(BIN)/wxlink codegen protocol/products/gokit.json --out protocol/csdk/examples/gokit/generated
	@$(BIN)/wxlink codegen protocol/products/gokit.json --out firmware/examples/pet_house --for micropython

clean:           ## removes the environment and every cache
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
