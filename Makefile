# Each target sets up what it needs; `make setup` alone makes the environment in .venv.
