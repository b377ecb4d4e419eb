"""PostgreSQL and Spark on this computer, from wheels, for a first run and for the tests."""
