"""Counts made-up events of a shop as they come, until it is stopped.

Usage: stream_events.py [EVENTS_PER_SECOND]. Prints a line for each batch of events.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

KINDS = ("view", "view", "view", "search", "search", "basket", "purchase")
SECONDS_PER_BATCH = 2


def main(arguments: Sequence[str]) -> None:
    """Run until stopped."""
    rate = int(arguments[0]) if arguments else 20
    spark = SparkSession.builder.appName("stream_events").getOrCreate()
    spark.sparkContext.setLogLevel("WARN")
    kinds = f.array(*[f.lit(kind) for kind in KINDS])
    events = (
        spark.readStream.format("rate")
        .option("rowsPerSecond", rate)
        .option("numPartitions", 2)
        .load()
        .select("timestamp", f.element_at(kinds, f.pmod(f.hash("value"), f.lit(len(KINDS))) + 1).alias("kind"))
    )
    # A stop leaves no time to tidy up, so the last run's checkpoint goes now; with it the stream would first make up
    # for all the time in which it did not run.
    checkpoint = working_folder() / "checkpoint"
    shutil.rmtree(checkpoint, ignore_errors=True)
    query = (
        events.writeStream.queryName("events")
        .foreachBatch(report)
        .option("checkpointLocation", str(checkpoint))
        .trigger(processingTime=f"{SECONDS_PER_BATCH} seconds")
        .start()
    )
    print(f"Counting {rate} events a second until stopped.", flush=True)
    query.awaitTermination()


def report(events: DataFrame, number: int) -> None:
    """Count the events of a batch by their kind and print a line."""
    counts = {row["kind"]: row["count"] for row in events.groupBy("kind").count().collect()}
    kinds = ", ".join(f"{kind} {counts.get(kind, 0)}" for kind in dict.fromkeys(KINDS))
    print(f"batch {number}: {sum(counts.values())} events ({kinds})", flush=True)


def working_folder() -> Path:
    """Below the profile that this run belongs to, else below the current folder."""
    home = os.environ.get("PIPELINE_GUI_HOME")
    return (Path(home) if home else Path.cwd()) / "output" / "stream_events"


if __name__ == "__main__":
    main(sys.argv[1:])
