"""The schedules in the window."""
