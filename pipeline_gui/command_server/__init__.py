"""The Spark command server: Livy's batch API over spark-submit. It knows nothing of the rest of the program."""
