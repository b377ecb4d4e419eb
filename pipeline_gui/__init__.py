"""Start, stop and watch a Spark pipeline, and always see what Spark is really doing."""

__version__ = "0.1.0"
