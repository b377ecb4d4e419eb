"""The whole way, by real processes: a run that fails, the outbox, `serve`, a mail server and an HTTP receiver."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.store.identity import new_identity
from tests.alerts.hooks import Hook, hook
from tests.alerts.mail_server import PASSWORD, USER, mail_server
from tests.command_server.harness import CommandServer, command_server
from tests.service.harness import Service
from tests.spark.certificates import make_certificate
from tests.waiting import wait_until

SECRET = {"PIPELINE_GUI_SECRET_SMTP": PASSWORD}


@pytest.fixture(scope="module")
def spark_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandServer]:
    with command_server(tmp_path_factory.mktemp("spark-server")) as server:
        yield server


@pytest.fixture
def hooked() -> Iterator[Hook]:
    with hook() as running:
        yield running


class Services:
    """Services on one database, with one file of receivers."""

    def __init__(self, folder: Path, database: str, spark: CommandServer, stack: ExitStack) -> None:
        new_identity(database, actor=Actor("tests", "localhost", "terminal"))
        self._folder, self._database, self._spark, self._stack = folder, database, spark, stack
        self.file = folder / "receivers.toml"

    def receivers(self, text: str) -> None:
        self.file.write_text('public_url = "https://pipelines.example"\n' + text)
        self.file.chmod(0o600)

    def hook_receiver(self, hooked: Hook) -> None:
        self.receivers(f'[receivers.ops]\nkind = "webhook"\nurl = "{hooked.url}"\nreach = "any"\n')

    def make(self, name: str = "a") -> Service:
        arguments = ("--receivers-file", str(self.file))
        service = Service(self._folder / name, self._database, self._spark, *arguments, **SECRET)
        self._stack.callback(service.close)
        return service

    def start(self, name: str = "a") -> Service:
        service = self.make(name)
        service.start()
        return service


@pytest.fixture
def services(tmp_path: Path, database: str, spark_server: CommandServer) -> Iterator[Services]:
    with ExitStack() as stack:
        yield Services(tmp_path, database, spark_server, stack)


def add(service: Service, condition: str, receiver: str = "ops", **values: Any) -> None:
    service.execute(
        "INSERT INTO pipeline_alerts (name, name_key, condition, receiver) VALUES (%s, %s, %s, %s)",
        condition, condition, condition, receiver,
    )  # fmt: skip


def ended_runs(service: Service, *run_ids: str) -> None:
    for run_id in run_ids:
        service.execute("INSERT INTO pipeline_runs (run_id, status, start_time) VALUES (%s, 'running', now())", run_id)
        service.execute("UPDATE pipeline_runs SET status = 'failed' WHERE run_id = %s", run_id)


def number_of(metrics: str, outcome: str) -> float:
    [line] = [
        line
        for line in metrics.splitlines()
        if line.startswith("pipeline_gui_alert_messages_total{") and f'"{outcome}"' in line
    ]
    return float(line.split()[-1])


def states(service: Service) -> list[str]:
    return [row[0] for row in service.execute("SELECT state FROM pipeline_alert_messages ORDER BY message_id")]


def test_a_run_that_fails_is_in_the_mail_with_a_link(services: Services, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path).path
    with mail_server(certificate) as server:
        services.receivers(
            f'[receivers.ops]\nkind = "mail"\nhost = "127.0.0.1"\nport = {server.port}\nca_file = "{certificate}"\n'
            f'user = "{USER}"\npassword = "${{secret:SMTP}}"\nfrom = "pipelines@example.org"\nto = "ops@example.org"\n'
        )
        service = services.start()
        add(service, "failed")
        run_id = service.start_run("raise SystemExit(3)", "app")
        [arrived] = wait_until(lambda: server.letters, 20, "the mail")
        text = arrived.get_content()
        assert "“app” failed after" in arrived["Subject"]
        assert f"https://pipelines.example/#run={run_id}" in text.replace("=\n", "")
        wait_until(lambda: states(service) == ["sent"], 5, "the mark")
        assert service.end() == 0
    assert len(server.letters) == 1
    assert PASSWORD not in service.log + str(service.execute("SELECT * FROM pipeline_alert_messages"))


def test_what_was_written_while_no_service_was_there_is_sent_in_order(services: Services, hooked: Hook) -> None:
    services.hook_receiver(hooked)
    service = services.make()
    add(service, "failed")
    ended_runs(service, "r1", "r2")
    service.start()
    wait_until(lambda: states(service) == ["sent", "sent"], 15, "both")
    assert hooked.run_ids() == ["r1", "r2"]
    assert hooked.received[0].body["link"] == "https://pipelines.example/#run=r1"


def test_killed_between_the_outbox_and_the_delivery(services: Services, hooked: Hook) -> None:
    """The receiver has it and the mark is missing: it comes again, and says that it is the same."""
    services.hook_receiver(hooked)
    service = services.start()
    add(service, "failed")

    def kill() -> None:
        hooked.on_request = None
        assert service.process is not None
        os.kill(service.process.pid, signal.SIGKILL)

    hooked.on_request = kill
    ended_runs(service, "r1", "r2")
    wait_until(lambda: hooked.run_ids() == ["r1"], 15, "the first")
    assert states(service) == ["waiting", "waiting"]
    assert service.process is not None
    service.process.wait(10)
    other = services.start("b")
    wait_until(lambda: other.execute("SELECT count(*) FROM pipeline_alert_services") == [(2,)], 9, "the other")
    assert states(other) == ["waiting", "waiting"]
    other.execute("UPDATE pipeline_alert_messages SET claimed_until = claimed_until - interval '120 s'")
    wait_until(lambda: states(other) == ["sent", "sent"], 15, "both")
    assert hooked.run_ids() == ["r1", "r1", "r2"]
    first, again, second = (received.key for received in hooked.received)
    assert first == again != second
    service.process = None


def test_two_services_send_each_once_in_order_while_the_receiver_comes_and_goes(
    services: Services, hooked: Hook
) -> None:
    services.hook_receiver(hooked)
    one, two = services.start("a"), services.start("b")
    add(one, "failed")
    hooked.mood = "500"
    names = [f"r{n:02}" for n in range(12)]
    ended_runs(one, *names[:6])
    wait_until(lambda: one.execute("SELECT max(attempts) FROM pipeline_alert_messages")[0][0], 15, "an attempt")
    assert "pipeline_gui_alerts_waiting 6.0" in one.get("/metrics").text
    hooked.mood = "ok"
    ended_runs(one, *names[6:])
    wait_until(lambda: states(one) == ["sent"] * 12, 40, "all")
    told = [service.get("/metrics").text for service in (one, two)]
    assert all("pipeline_gui_alerts_waiting 0.0" in text for text in told)
    assert sum(number_of(text, "sent") for text in told) == 12
    assert sum(number_of(text, "put_off") for text in told) > 0
    assert hooked.run_ids() == names
    assert len({received.key for received in hooked.received}) == len(hooked.received)


def test_a_receiver_that_hangs_holds_up_no_other_and_no_stop_of_the_service(services: Services, hooked: Hook) -> None:
    hooked.mood = "hang"
    with hook() as other:
        services.receivers(
            f'[receivers.ops]\nkind = "webhook"\nurl = "{hooked.url}"\nreach = "any"\n'
            f'[receivers.chat]\nkind = "webhook"\nurl = "{other.url}"\nreach = "any"\n'
        )
        service = services.start()
        add(service, "failed")
        add(service, "ended", receiver="chat")
        ended_runs(service, "r1")
        wait_until(lambda: other.run_ids() == ["r1"], 10, "the other's")
        assert service.end(timeout=14) == 0
