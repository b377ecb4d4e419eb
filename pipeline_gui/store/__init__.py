"""The record of every run, on PostgreSQL."""
