"""What the dialogs of schedules and of alerts share."""
