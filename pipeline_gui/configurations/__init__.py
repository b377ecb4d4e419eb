"""Configurations by name, in files, and shared by all operators."""
