"""Pinned versions, and what sees to the packages of the system."""
