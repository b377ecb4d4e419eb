"""The alerts, in the window."""
