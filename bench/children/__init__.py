"""Processes that are measured, or measure themselves: each has a window, and nothing that another one imported."""
