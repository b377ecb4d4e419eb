"""Which client a kind of Spark server needs."""

from __future__ import annotations

from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.spark.livy import LivyServer
from pipeline_gui.spark.texts import clean


def connect_spark(
    kind: str,
    url: str,
    token: str | None = None,
    *,
    ca_file: str | None = None,
    connect_timeout: float = 3.0,
    timeout: float = 5.0,
    files_are_local: bool = False,
) -> LivyServer:
    """A client of the Spark server at url; asks nothing yet. Raises ConfigurationInvalid."""
    if kind == "livy":
        return LivyServer(
            url,
            token,
            ca_file=ca_file,
            connect_timeout=connect_timeout,
            timeout=timeout,
            files_are_local=files_are_local,
        )
    if kind == "standalone":
        raise ConfigurationInvalid(
            "Spark's standalone gateway is not supported yet: it has neither names nor a list of what runs, "
            "so nothing could be promised. Start the command server instead "
            "(pipeline-gui spark-server --master spark://…) and name that.",
            field="spark_kind",
        )
    raise ConfigurationInvalid(f"There is no kind of Spark server {clean(kind, 40)!r}; it is livy.", field="spark_kind")
