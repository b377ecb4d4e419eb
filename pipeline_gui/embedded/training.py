"""A small pipeline that uses what pipelines commonly use, so that Java's class archive has its classes."""

from __future__ import annotations

import sys
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql import functions as f


def main(folder: Path) -> None:
    """Read, join, count, write and stream a few rows below the folder."""
    spark = SparkSession.builder.appName("training").config("spark.sql.shuffle.partitions", "2").getOrCreate()
    csv, parquet = str(folder / "csv"), str(folder / "parquet")
    rows = spark.range(1000).withColumn("key", f.col("id") % 7)
    rows.withColumn("text", f.lit("word")).write.csv(csv, header=True)
    read = spark.read.csv(csv, schema="id BIGINT, key BIGINT, text STRING", header=True, nullValue="NA")
    joined = read.join(f.broadcast(rows.groupBy("key").count()), "key", "left").repartition(2).cache()
    joined.write.partitionBy("key").parquet(parquet)
    summary = joined.groupBy("key").agg(
        f.count("*").alias("rows"),
        f.round(f.avg(f.when(f.col("id") > 9, 1.0).otherwise(0.0)), 1).alias("share"),
        f.percentile_approx("id", 0.9).alias("p90"),
    )
    summary.write.mode("overwrite").parquet(f"{parquet}-summary")
    spark.read.parquet(f"{parquet}-summary").where("rows > 1").orderBy(f.desc("share"), "key").limit(3).collect()
    spark.sql("SELECT count(DISTINCT text) FROM VALUES ('a'), ('b') AS words (text)").collect()
    stream = spark.readStream.format("rate").load().writeStream.option("checkpointLocation", str(folder / "checkpoint"))
    query = stream.foreachBatch(lambda batch, _number: batch.groupBy("value").count().foreach(print)).start()
    query.processAllAvailable()
    query.stop()
    spark.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
