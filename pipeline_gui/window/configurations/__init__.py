"""Saved configurations in the window: looked through, written, shared, and started with changes."""
