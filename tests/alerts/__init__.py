"""Alerts, from the change in the record to the receiver's answer."""
