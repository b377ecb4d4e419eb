"""Operators, watchers and a Spark in memory and in virtual time, in every order, under every fault."""
