"""Tests of the alerts' dialog."""
