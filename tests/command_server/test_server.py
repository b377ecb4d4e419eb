"""Starting the server: its options, and what it says when it can't."""

from __future__ import annotations

import argparse
import json
import socket
from pathlib import Path

import pytest

from pipeline_gui.command_server.options import ServerOptions, add_arguments, default_state, options_from
from pipeline_gui.command_server.server import run_server
from tests.command_server.harness import CommandServer, make_stand_in_java, make_stand_in_spark


def parse(*arguments: str) -> ServerOptions:
    """The options of a command line."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return options_from(parser.parse_args(arguments))


def test_the_defaults_are_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    options = parse()

    assert (options.host, options.port, options.master) == ("127.0.0.1", 8998, "local[*]")
    assert options.allow == (tmp_path,)
    assert options.state == default_state()


def test_a_profile_has_a_state_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_GUI_HOME", str(tmp_path))

    assert parse().state == tmp_path / "spark-server"


def test_what_is_given_is_used() -> None:
    options = parse("--allow", "/a", "--allow", "hdfs://n/b", "--state", "/s", "--port", "0", "--master", "yarn")

    assert options.allow == ("/a", "hdfs://n/b")
    assert (options.state, options.port, options.master) == (Path("/s"), 0, "yarn")


@pytest.mark.parametrize("port", ["-1", "65536", "x"])
def test_a_port_that_is_none_is_wrong_usage(port: str) -> None:
    with pytest.raises(SystemExit) as ending:
        parse("--port", port)
    assert ending.value.code == 2


def test_what_keeps_it_from_starting_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spark, java = make_stand_in_spark(tmp_path), make_stand_in_java(tmp_path)
    (tmp_path / "file").touch()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for options, words in (
            (ServerOptions(tmp_path / "s", spark_home=tmp_path / "nowhere"), "SPARK_HOME must name a Spark"),
            (ServerOptions(tmp_path / "s", spark_home=spark, java_home=java, port=port), f"127.0.0.1 port {port}"),
            (
                ServerOptions(tmp_path / "s", spark_home=spark, java_home=java, host="no.such.invalid"),
                "Can't listen on",
            ),
            (ServerOptions(tmp_path / "s", spark_home=spark, java_home=java, token="short"), "16 to 1024"),
            (ServerOptions(tmp_path / "file" / "s", spark_home=spark, java_home=java), "Not a directory"),
        ):
            assert run_server(options) == 1
            said = capsys.readouterr().err
            assert words in said
            assert said.startswith("spark-server: ")
            assert said.count("\n") == 1


def test_the_address_file_tells_where_it_is(server: CommandServer) -> None:
    assert server.process is not None

    address = json.loads((server.state / "address").read_bytes())

    assert address == {"url": server.url, "pid": server.process.pid, "generation": server.generation}
    assert server.url in server.log
