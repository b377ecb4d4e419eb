"""Figures in the window."""
