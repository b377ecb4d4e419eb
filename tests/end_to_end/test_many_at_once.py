"""Many terminals of one profile at once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.embedded.profiles import command_servers, keepers, postgres_servers
from tests.end_to_end.operator import Operator

pytestmark = pytest.mark.spark

STARTERS = 24


def test_of_many_starts_at_once_one_wins_and_the_others_are_told_who(operator: Operator) -> None:
    before = {run["run_id"] for run in operator.json("runs")}

    terminals = [operator.begin("start", "stream_events", "--json") for _ in range(STARTERS)]
    codes = [terminal.exit_code() for terminal in terminals]

    answers = [json_of(terminal.out) for terminal in terminals]
    (winner,) = [answer for answer in answers if answer["success"]]
    assert sorted(codes) == [0] + [1] * (STARTERS - 1)
    losers = [answer for answer in answers if not answer["success"]]
    assert {(answer["reason"], answer["run_id"]) for answer in losers} == {("busy", winner["run_id"])}
    assert {run["run_id"] for run in operator.json("runs")} - before == {winner["run_id"]}
    assert len([one for one in operator.processes_of_the_run() if one.name() == "java"]) <= 1
    assert operator.json("stop")["success"]


def test_terminals_that_begin_at_once_on_a_new_profile_share_one_pair(newcomer: Operator) -> None:
    terminals = [newcomer.begin("status", "--json") for _ in range(6)]

    assert [terminal.exit_code() for terminal in terminals] == [0] * 6
    assert [json_of(terminal.out)["is_running"] for terminal in terminals] == [False] * 6
    assert len(keepers(newcomer.home)) == 1
    assert len(postgres_servers(newcomer.home)) == 1
    assert len(command_servers(newcomer.home)) == 1


def json_of(text: str) -> Any:
    """What a command answered."""
    return json.loads(text)
