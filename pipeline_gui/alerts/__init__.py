"""Alerts by name: checked, saved, tried, shown."""
