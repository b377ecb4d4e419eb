"""The Spark server over HTTP: Livy batches, and the progress that drivers report."""
