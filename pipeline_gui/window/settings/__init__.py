"""Connecting to servers, and the other settings, in the window: what a person edits, tests and saves."""
