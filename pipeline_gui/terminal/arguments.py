"""The command line: which commands there are and what each takes."""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from pipeline_gui import __version__
from pipeline_gui.pipeline.metrics import PERIODS
from pipeline_gui.terminal.actions import Actions
from pipeline_gui.terminal.alert_arguments import add_alerts
from pipeline_gui.terminal.configuration_arguments import add_configurations
from pipeline_gui.terminal.exit_codes import USAGE
from pipeline_gui.terminal.output import Output
from pipeline_gui.terminal.schedule_arguments import add_schedules

_SURROGATE = re.compile(r"[\ud800-\udfff]")


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is also an answer in JSON, where that was asked for."""

    json_wanted = False

    def error(self, message: str) -> NoReturn:
        """End with wrong usage."""
        # Bytes of the command line that are not UTF-8 can't be printed as they are.
        message = message.encode("utf-8", "backslashreplace").decode("utf-8")
        if Parser.json_wanted:
            answer = {"success": False, "run_id": None, "message": message, "reason": "invalid"}
            Output(as_json=True).write_json(answer)
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line. Ends the process with exit code 2 and a sentence when it is wrong."""
    words = list(words)
    Parser.json_wanted = "--json" in words
    parser = _parser(words)
    for word in words:
        if _SURROGATE.search(word):
            parser.error(f"an argument holds bytes that are not UTF-8 text: {word}")
    arguments = parser.parse_args(_join_values(words))
    _check(parser, arguments)
    return arguments


def _parser(words: Sequence[str]) -> Parser:
    parser = Parser(
        prog="pipeline-gui",
        description="Start, stop and watch a Spark pipeline. Without a command, the window opens.",
        epilog="Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 a server can't be reached, 130 after Ctrl-C.",
        allow_abbrev=False,
        parents=[_common_options()],
    )
    parser.add_argument("--version", action="version", version=f"pipeline-gui {__version__}")
    parser.add_argument("--debug", action="store_true", help="of the window: log what holds it up, and where")
    parser.set_defaults(json=False, home=None, database_url=None, spark_url=None, spark_kind=None)
    commands = Actions(parser, _common_options, "command", "commands")
    add = commands.add
    _add_start(add("start", "start a pipeline"))
    _add_stop(add("stop", "stop the running pipeline, or one run"))
    add("status", "say what runs now and what can be reached")
    runs = add("runs", "list the runs of the last days, newest first")
    runs.add_argument("--days", type=_days, default=2.0, metavar="N", help="how many days back (default: 2)")
    logs = add("logs", "show the log of a run")
    logs.add_argument("run_id", nargs="?", metavar="RUN_ID", help="default: the running run, else the newest")
    logs.add_argument("--follow", "-f", action="store_true", help="go on until the run has ended")
    migrate = add("migrate", "prepare the database, or bring it up to date")
    which = migrate.add_mutually_exclusive_group()
    which.add_argument("--moved", action="store_true", help="this database was moved here, and the original is no more")
    which.add_argument("--new-identity", action="store_true", help="this database is a copy, and the original lives on")
    add_configurations(add("configurations", "the configurations that all operators share"), _common_options)
    add_schedules(add("schedules", "when pipelines start by themselves"), _common_options)
    _add_metrics(add("metrics", "what the runs of each pipeline come to: success, durations, trend"))
    _add_retention(add("retention", "remove old runs; without --yes it only says which would go"))
    add_alerts(add("alerts", "of what somebody is told, and whom"), _common_options)
    add("doctor", "say what is reachable and what is wrong")
    _add_serve(add("serve", "run the HTTP API, the dashboard, and a watcher that is always on"))
    server = commands.parsers.add_parser(
        "spark-server", help="run the Spark command server", allow_abbrev=False,
        description="Run the Spark command server: Livy's batch API over spark-submit.",
    )  # fmt: skip
    if "spark-server" in words:
        from pipeline_gui.command_server.options import add_arguments

        server.add_argument("--home", metavar="DIR", default=argparse.SUPPRESS, help="the profile's folder")
        add_arguments(server)
    return parser


def _common_options() -> Parser:
    """Options that may stand before or after the command; absent, they leave what the other place said."""
    common = Parser(add_help=False, argument_default=argparse.SUPPRESS, allow_abbrev=False)
    common.add_argument("--json", action="store_true", help="answer in JSON")
    where = common.add_argument_group("which system (default: the environment, then settings.toml, then this computer)")
    where.add_argument("--database-url", metavar="URL", help="PostgreSQL: postgresql://USER@HOST/NAME, or service=NAME")
    # There is no flag for the token: every user of a computer can read the command lines of all.
    where.add_argument("--spark-url", metavar="URL", help="the Spark command server, or any Apache Livy")
    where.add_argument("--spark-kind", metavar="KIND", help="livy")
    where.add_argument("--home", metavar="DIR", help="another profile: its settings, data and logs")
    return common


def _add_start(start: argparse.ArgumentParser) -> None:
    start.add_argument(
        "configuration",
        nargs="?",
        metavar="NAME",
        help="a saved configuration, or a sample such as flights",
    )
    start.add_argument("--again", metavar="RUN_ID", help="start what this run was started with")
    start.add_argument("--config", metavar="F.toml", help="a configuration file")
    start.add_argument("--file", metavar="APP", help="the application, as the Spark server sees it: a path or a URI")
    start.add_argument("--arg", action="append", metavar="A", help="an argument of the application; may be repeated")
    start.add_argument("--conf", action="append", type=_pair, metavar="K=V", help="a Spark property; may be repeated")
    start.add_argument("--name", metavar="TEXT", help="what people call it (default: the file's name)")
    start.add_argument("--class", dest="class_name", metavar="CLASS", help="the main class of a jar")
    start.add_argument("--wait", action="store_true", help="show its log and progress, and end as it ends")


def _add_stop(stop: argparse.ArgumentParser) -> None:
    stop.add_argument("run_id", nargs="?", metavar="RUN_ID", help="default: the running run")
    how = stop.add_mutually_exclusive_group()
    how.add_argument("--force", action="store_true", help="leave the driver no time to end by itself")
    how.add_argument(
        "--abandon", action="store_true", help="let go of a run whose end nobody can confirm (typed confirmation)"
    )
    how.add_argument(
        "--release", action="store_true", help="free the place that another program's run holds (typed confirmation)"
    )
    how.add_argument(
        "--confirm-gone", action="store_true",
        help="give your word that nothing of an ended run can live, where its server is no more (typed confirmation)",
    )  # fmt: skip
    stop.add_argument("--yes", metavar="TEXT", help="the text that would have to be typed, for scripts")


def _add_metrics(metrics: argparse.ArgumentParser) -> None:
    what = metrics.add_mutually_exclusive_group()
    what.add_argument("pipeline", nargs="?", metavar="NAME", help="one pipeline, with its days (default: all)")
    what.add_argument("--run", metavar="RUN_ID", help="what one run's work amounts to, against what is usual")
    metrics.add_argument(
        "--days", type=int, choices=PERIODS, default=30, help="up to now, in UTC days (default: %(default)s)"
    )


def _add_retention(retention: argparse.ArgumentParser) -> None:
    retention.add_argument(
        "--older-than-days", type=_count, metavar="N", help="runs that were over more than N days ago"
    )
    retention.add_argument("--keep-last", type=_count, metavar="N", help="the newest N stay; alone: all but those go")
    how = retention.add_mutually_exclusive_group()
    how.add_argument("--dry-run", action="store_true", help="only say what would go (the default)")
    how.add_argument("--yes", action="store_true", help="remove them")


def _add_serve(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    serve.add_argument("--port", type=_port, default=8997, help="0: a free one (default: %(default)s)")
    serve.add_argument(
        "--name", action="append", default=[], metavar="HOST",
        help="a host name under which it is asked, besides its own addresses; may be repeated",
    )  # fmt: skip
    serve.add_argument(
        "--token-file", type=Path, metavar="FILE",
        help="the operators' token; made, with a random token, where it is not there. Without one, whoever is at this "
        "computer is an operator",
    )  # fmt: skip
    serve.add_argument("--viewer-token-file", type=Path, metavar="FILE", help="the token of those who may only look")
    serve.add_argument("--tls-certificate", type=Path, metavar="FILE", help="PEM; with its chain")
    serve.add_argument("--tls-key", type=Path, metavar="FILE", help="PEM (default: in the certificate's file)")
    serve.add_argument(
        "--behind-proxy", action="store_true", help="a proxy does TLS, and says in X-Forwarded-For who asks"
    )
    serve.add_argument(
        "--receivers-file", type=Path, metavar="FILE",
        help="whom alerts are sent to, with their secrets: TOML, of mode 0600 (default: receivers.toml beside the "
        "profile's settings)",
    )  # fmt: skip
    serve.add_argument(
        "--streams-per-client", type=_count, default=16, metavar="N", help="live pages and logs (default: %(default)s)"
    )
    kept = serve.add_argument_group("how long runs are kept (default: for ever)")
    kept.add_argument(
        "--remove-older-than-days", dest="older_than_days", type=_count, metavar="N",
        help="remove runs that were over more than N days ago",
    )  # fmt: skip
    kept.add_argument("--keep-last", type=_count, metavar="N", help="the newest N stay; alone: remove all but those")
    serve.add_argument("--log-format", choices=["json", "text"], help="default: text on a terminal, else json")


def _check(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    if arguments.command == "start":
        _check_start(parser, arguments)
    if arguments.command == "retention" and arguments.older_than_days is None and arguments.keep_last is None:
        parser.error("retention needs --older-than-days N, or --keep-last N, or both")
    if arguments.command in ("stop", "logs") and arguments.run_id == "":
        parser.error("the RUN_ID is empty")
    if arguments.command == "stop" and arguments.confirm_gone and not arguments.run_id:
        parser.error("--confirm-gone needs the RUN_ID of an ended run")
    if arguments.command == "stop" and arguments.yes is not None and not needs_confirmation(arguments):
        parser.error("--yes is for --abandon, --release and --confirm-gone; nothing else asks")


def _check_start(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    for value, what in ((arguments.configuration, "NAME"), (arguments.again, "RUN_ID")):
        if value == "":
            parser.error(f"the {what} is empty")
    ways = [way for way in (arguments.configuration, arguments.config, arguments.again) if way]
    if not ways and arguments.file is None:
        parser.error("start needs a NAME, or --config F.toml, or --again RUN_ID, or --file APP")
    if len(ways) > 1:
        parser.error("give either a NAME or --config F.toml or --again RUN_ID")


def needs_confirmation(arguments: argparse.Namespace) -> bool:
    """Whether a stop is one that a person must confirm by typing."""
    return bool(arguments.abandon or arguments.release or arguments.confirm_gone)


def _join_values(words: Sequence[str]) -> list[str]:
    """``--arg --fast`` as ``--arg=--fast``: the next word is its value, whatever it begins with."""
    joined: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in ("--arg", "--conf"):
            value = next(rest, None)
            joined.append(word if value is None else f"{word}={value}")
        else:
            joined.append(word)
    return joined


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is not KEY=VALUE, as in spark.sql.shuffle.partitions=8")
    return key.strip(), value


def _port(text: str) -> int:
    if not re.fullmatch(r"\d{1,5}", text) or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no port: 0 to 65535")
    return int(text)


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,5}", text):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a number from 1 to 999999")
    return int(text)


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = math.nan
    if not 0 < days <= 36_500:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a number of days between 0 and 36,500")
    return days
