"""Measurements: ``python -m bench [FIGURE…]`` prints a table and writes build/bench.json."""
