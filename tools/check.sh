#!/bin/sh
# What `make check` checks; stops at the first finding.
set -eu
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
export MYPYPATH=host:protocol

step() { echo "check: $*"; "$@"; }
step ruff check
step ruff format --check
step mypy
step python -m mypy.stubtest wxproto
step lint-imports --no-logo
step python protocol/book.py --check
step wxlink product check protocol/products/*.toml protocol/products/gokit.json protocol/products/meter.json
step wxlink codegen protocol/products/gokit.json --out protocol/csdk/examples/gokit/generated --check
step wxlink codegen protocol/products/gokit.json --out firmware/examples/pet_house --for micropython --check
