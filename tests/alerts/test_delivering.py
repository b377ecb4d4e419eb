"""Delivery out of a real outbox: at least once, in order, marked as sent when it was, and given up in the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from pipeline_gui.pipeline.alert import Claimed, Letter, Message, NotDelivered, Receiver, ReceiverName
from pipeline_gui.pipeline.alert_texts import compose
from pipeline_gui.pipeline.delivering import Deliverer, Fate, pause_after
from pipeline_gui.pipeline.errors import StoreUnavailable, StoreUnclear
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.store.store import open_store
from tests.pipeline.faults import Faulty, MovableClock, raising

BY = Actor("pipeline", "srv-1", "service")


class Post:
    """Receivers that remember what they got; one that is down does not take it."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.error: Exception | None = None
        self.trouble: str | None = None
        self.on_send: Callable[[], None] = lambda: None

    @property
    def name(self) -> ReceiverName:
        return ReceiverName("ops", "mail")

    def send(self, letter: Letter) -> str:
        self.on_send()
        if self.error is not None:
            raise self.error
        self.letters.append(letter)
        return "250 OK token=hunter22"

    def all(self) -> dict[str, Receiver]:
        return {"ops": self}

    def run_ids(self) -> list[str]:
        return [alert["run_id"] for letter in self.letters for alert in letter.body["alerts"]]


class Office:
    """An outbox, a receiver, and deliverers."""

    def __init__(self, database: str) -> None:
        self.database = database
        self.store = open_store(database, application_name="tests", max_connections=4)
        self.outbox = Faulty(self.store.outbox)
        self.post = Post()
        self.clock = MovableClock()
        self.fates: list[tuple[Fate, int]] = []
        self.deliverer = self.another()

    def another(self) -> Deliverer:
        def in_words(claimed: Claimed, installation_id: str) -> Letter:
            return compose(claimed, installation_id, system=None, public_url=None)

        return Deliverer(self.outbox, self.post, in_words, BY, note=self._note, clock=self.clock)

    def _note(self, fate: Fate, messages: int) -> None:
        self.fates.append((fate, messages))

    def execute(self, statement: str, *values: object) -> None:
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute(statement, values or None)

    def write(self, *run_ids: str) -> None:
        for run_id in run_ids:
            self.execute(
                "INSERT INTO pipeline_alert_messages (alert_id, alert_name, receiver, condition, subject, run_id) "
                "VALUES (1, 'rule', 'ops', 'failed', 'run ' || %s, %s)",
                run_id, run_id,
            )  # fmt: skip

    def deliver(self, deliverer: Deliverer | None = None) -> int:
        """All that is due; how many attempts that were."""
        deliverer, attempts = deliverer or self.deliverer, 0
        while (claimed := deliverer.take()) is not None:
            deliverer.deliver(claimed)
            attempts += 1
        return attempts

    def pass_time(self, seconds: float) -> None:
        self.execute(
            "UPDATE pipeline_alert_messages SET made_at = made_at - make_interval(secs => %s), "
            "next_at = next_at - make_interval(secs => %s), claimed_until = claimed_until - make_interval(secs => %s) "
            "WHERE state = 'waiting'",
            seconds, seconds, seconds,
        )  # fmt: skip

    def messages(self) -> list[Message]:
        return self.store.alerts.messages(None, 1000)[::-1]


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    made = Office(database)
    yield made
    made.store.close()


def test_one_is_sent_and_marked_with_the_answer(office: Office) -> None:
    office.write("a")
    assert office.deliver() == 1
    [message] = office.messages()
    assert (message.state, message.attempts) == ("sent", 1)
    assert message.answer is not None
    assert message.answer.startswith("250 OK")
    assert "hunter22" not in message.answer
    assert message.ended_at is not None
    assert office.deliver() == 0


def test_nothing_is_marked_before_it_was_sent(office: Office) -> None:
    office.write("a")
    seen: list[str] = []
    office.post.on_send = lambda: seen.append(office.messages()[0].state)
    office.deliver()
    assert seen == ["waiting"]


def test_a_receiver_that_is_down_for_ten_minutes_gets_everything_once_in_order(office: Office) -> None:
    office.post.error = NotDelivered("Nobody listens there.")
    names = [f"r{n:02}" for n in range(20)]
    for name in names:  # one each half minute, looked at each second
        office.write(name)
        for _ in range(6):
            office.deliver()
            office.pass_time(5)
    assert office.post.letters == []
    first = office.messages()[0]
    assert (first.state, first.answer) == ("waiting", "Nobody listens there.")
    assert 5 <= first.attempts <= 10
    assert {message.attempts for message in office.messages()[1:]} == {0}
    office.post.error = None
    for _ in range(70):
        office.deliver()
        office.pass_time(5)
    assert office.post.run_ids() == names
    assert len(office.post.letters) == 2  # the one that was being tried, and a digest of the rest
    assert {message.state for message in office.messages()} == {"sent"}


def test_the_pauses_grow_to_five_minutes() -> None:
    assert [pause_after(n) for n in (1, 2, 3, 4, 5, 6, 7, 8, 1000)] == [5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_it_is_given_up_after_a_day_and_those_behind_have_their_own(office: Office) -> None:
    office.post.error = NotDelivered("Nobody listens there.")
    office.write("a")
    office.deliver()
    office.pass_time(86_300)
    office.write("b")
    office.deliver()
    assert [message.state for message in office.messages()] == ["waiting", "waiting"]
    office.pass_time(301)
    office.deliver()
    assert [(message.state, message.answer) for message in office.messages()] == [
        ("undelivered", "Nobody listens there."), ("waiting", "Nobody listens there."),
    ]  # fmt: skip
    office.post.error = None
    office.pass_time(301)
    office.deliver()
    assert office.post.run_ids() == ["b"]
    assert office.fates[0] == (Fate.PUT_OFF, 1)
    assert (Fate.UNDELIVERED, 1) in office.fates
    assert office.fates[-1] == (Fate.SENT, 1)


def test_what_is_refused_is_given_up_after_an_hour(office: Office) -> None:
    office.post.error = NotDelivered("550 no such user", is_refusal=True)
    office.write("a")
    office.deliver()
    office.pass_time(3000)
    office.deliver()
    assert office.messages()[0].state == "waiting"
    office.pass_time(700)
    office.deliver()
    assert office.messages()[0].state == "undelivered"


def test_who_dies_after_the_sending_leaves_it_to_be_sent_again_under_the_same_key(office: Office) -> None:
    office.write("a", "b", "c", "d", "e")
    claimed = office.deliverer.take()
    assert claimed is not None
    office.post.send(compose(claimed, office.store.installation().installation_id, system=None, public_url=None))
    other = office.another()
    office.write("f")
    assert office.deliver(other) == 0
    office.pass_time(121)
    assert office.deliver(other) == 2
    first, again, last = office.post.letters
    assert first.key == again.key
    assert last.key != first.key
    assert office.post.run_ids() == ["a", "b", "c", "d", "e"] * 2 + ["f"]


def test_while_the_database_is_away_the_mark_is_tried_again(office: Office) -> None:
    office.write("a")
    office.outbox.once_before("sent", raising(StoreUnavailable("The database does not answer.")))
    office.outbox.once_after("sent", raising(StoreUnclear("No answer.")))
    office.deliver()
    assert office.outbox.calls["sent"] == 3
    assert [message.state for message in office.messages()] == ["sent"]
    assert office.post.run_ids() == ["a"]


def test_an_error_that_nobody_foresaw_is_tried_again_and_shows_nothing(office: Office) -> None:
    office.write("a")
    office.post.error = RuntimeError("password=hunter22")
    office.deliver()
    [message] = office.messages()
    assert (message.state, message.answer) == (
        "waiting", "An error that was not foreseen; the service's log has it.",
    )  # fmt: skip


def test_two_services_at_once_send_each_once_and_in_order(office: Office) -> None:
    office.write(*(f"r{n:02}" for n in range(30)))
    gate = threading.Barrier(3)
    done = threading.Event()

    def work() -> None:
        mine = office.another()
        gate.wait(10)
        while not done.is_set():
            office.deliver(mine)
            if all(message.state == "sent" for message in office.messages()):
                done.set()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert office.post.run_ids() == [f"r{n:02}" for n in range(30)]


def test_a_copy_sends_nothing(office: Office) -> None:
    office.write("a")
    office.execute("UPDATE pipeline_installation SET database_oid = 1")
    office.store._session._installation = None
    copy = open_store(office.database, application_name="tests", max_connections=1)
    office.outbox._port = copy.outbox
    assert office.deliver() == 0
    office.deliverer.be_present()
    assert office.store.alerts.services() == []
    copy.close()


def test_presence_is_told_and_taken_back(office: Office) -> None:
    office.deliverer.be_present()
    [service] = office.store.alerts.services()
    assert [receiver.name for receiver in service.receivers] == ["ops"]
    office.deliverer.close()
    assert office.store.alerts.services() == []


@pytest.mark.parametrize("fails", [False, True])
def test_a_test_is_tried_once_and_answered(office: Office, fails: bool) -> None:
    from pipeline_gui.alerts.owner import Alerts

    store: Any = office.store
    alerts = Alerts(store.alerts, store, Actor("ana", "ops-3", "terminal"))
    alerts.create({"name": "x", "condition": "failed", "receiver": "ops"})
    assert "No service is there" in alerts.test("x").message
    office.deliverer.be_present()
    if fails:
        office.post.error = NotDelivered("535 wrong password")
    done = threading.Event()

    def serve() -> None:
        while not done.is_set():
            office.deliver()
            done.wait(0.05)

    thread = threading.Thread(target=serve)
    thread.start()
    tried = alerts.test("x")
    done.set()
    thread.join(5)
    assert (tried.success, tried.message.startswith("535" if fails else "250 OK")) == (not fails, True)
    assert len(office.messages()) == 1
    alerts.change("x", {"receiver": "unknown"})
    assert "No service knows a receiver “unknown”; known: ops." in alerts.test("x").message
