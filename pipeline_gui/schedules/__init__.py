"""Schedules by name: checked, saved, shown."""
