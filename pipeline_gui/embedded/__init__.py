"""PostgreSQL and Spark on this computer, from wheels."""
