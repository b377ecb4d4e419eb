"""Fails on purpose, as pipelines do: it asks for a column whose name is misspelled."""

from __future__ import annotations

import logging

from pyspark.sql import SparkSession


def main() -> None:
    """Ask for a column that the table does not have. Raises AnalysisException."""
    spark = SparkSession.builder.appName("broken").getOrCreate()
    spark.sparkContext.setLogLevel("WARN")
    # PySpark would log the same error once more, as a line of 6,000 characters of JSON.
    logging.getLogger("DataFrameQueryContextLogger").setLevel(logging.CRITICAL)
    flights = spark.sql("SELECT * FROM VALUES ('UA', 2), ('B6', -4) AS flights (carrier, departure_delay)")
    print(f"Read {flights.count()} flights.", flush=True)
    flights.select("carrier", "departure_dely").show()


if __name__ == "__main__":
    main()
