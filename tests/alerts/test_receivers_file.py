"""receivers.toml: read when it changes, private, and wrong in words that quote nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline_gui.pipeline.alert import ReceiverName
from pipeline_gui.receivers.file import FileReceivers

GOOD = """
public_url = "https://pipelines.example/"

[receivers.ops-mail]
kind = "mail"
host = "smtp.example.org"
from = "pipelines@example.org"
to = ["ops@example.org"]
user = "pipelines"
password = "${secret:SMTP}"

[receivers.chat]
kind = "webhook"
url = "https://hooks.example.org/T0/${secret:HOOK}"

[receivers.phone]
kind = "apprise"
url = "ntfys://ntfy.sh/topic-of-ours"
"""
SECRETS = {"PIPELINE_GUI_SECRET_SMTP": "s3cret", "PIPELINE_GUI_SECRET_HOOK": "hook-s3cret"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "receivers.toml"


def read(file: Path, text: str, mode: int = 0o600) -> FileReceivers:
    file.write_text(text)
    file.chmod(mode)
    return FileReceivers(file, SECRETS)


def test_all_kinds_by_name(file: Path) -> None:
    receivers = read(file, GOOD)
    assert receivers.trouble is None
    assert receivers.public_url == "https://pipelines.example"
    assert [receiver.name for receiver in receivers.all().values()] == [
        ReceiverName("ops-mail", "mail"), ReceiverName("chat", "webhook"), ReceiverName("phone", "apprise"),
    ]  # fmt: skip
    assert all("s3cret" not in repr(vars(each)["_receiver"]) for each in receivers.all().values())


def test_a_change_is_seen_and_so_is_that_it_is_gone(file: Path) -> None:
    receivers = FileReceivers(file, SECRETS)
    assert receivers.all() == {}
    assert "there is no file" in str(receivers.trouble)
    read(file, GOOD)
    assert set(receivers.all()) == {"ops-mail", "chat", "phone"}
    same = receivers.all()["chat"]
    assert receivers.all()["chat"] is same
    file.chmod(0o640)
    assert receivers.all() == {}
    assert "make it private: chmod 600" in str(receivers.trouble)
    os.unlink(file)
    assert "there is no file" in str(receivers.trouble)


MAIL = '[receivers.a]\nkind = "mail"\nhost = "h"\nfrom = "a@b.c"\nto = "d@e.f"\n'
HOOK = '[receivers.a]\nkind = "webhook"\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("receivers = ", "is not valid TOML"),
        ("reciever = 1", "has no key 'reciever'"),
        ('public_url = "javascript:x"', "public_url must be"),
        ('[receivers.a]\nkind = "fax"', "needs a kind: mail, webhook, apprise"),
        ('[receivers."a b"]\nkind = "mail"', "is no name"),
        (MAIL + "prot = 1", "did you mean 'port'?"),
        (MAIL + "port = 0", "port of the receiver a must be a number"),
        (MAIL + 'tls = "ssl3"', "tls of the receiver a must be starttls, implicit, none"),
        (MAIL + 'tls = "none"', "none is only for this computer"),
        (MAIL + 'user = "x"', "must be given together"),
        (MAIL + 'user = "x"\npassword = "${secret:NOPE}"', "The secret NOPE of the receiver a is not in the service's"),
        (MAIL + 'user = "x"\npassword = "${secret:}"', "a secret in it is ${secret:NAME}"),
        (MAIL.replace("d@e.f", "d@e.f\\nBcc: x@y.z"), "must be a line of text"),
        (MAIL.replace("d@e.f", "nobody"), "must be addresses"),
        (MAIL + 'ca_file = "/nonexistent"', "ca_file of the receiver a must be a file of certificates"),
        (MAIL + 'reach = "moon"', "reach of the receiver a must be public, network, any"),
        (HOOK, "url of the receiver a must be given"),
        (HOOK + 'url = "ftp://s3cret"', "must be an address"),
        (HOOK + 'url = "https://user:s3cret@host/"', "without a user"),
        (HOOK + 'url = "https://h/"\nheaders = {"A B" = "s3cret"}', "headers of the receiver a must be a table"),
        ('[receivers.a]\nkind = "apprise"\nurl = "s3cret"', "must be one of Apprise's"),
    ],
)
def test_what_is_wrong_is_said_without_a_secret(file: Path, text: str, sentence: str) -> None:
    receivers = read(file, text)
    assert receivers.all() == {}
    assert sentence in str(receivers.trouble)
    assert "s3cret" not in str(receivers.trouble)


def test_a_mail_server_on_this_computer_needs_no_tls(file: Path) -> None:
    receivers = read(file, MAIL.replace('"h"', '"localhost"') + 'tls = "none"')
    assert list(receivers.all()) == ["a"]
