"""Addresses of Spark servers."""

from __future__ import annotations

from base64 import b64decode

import pytest

from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.spark.address import is_loopback, parse_address


@pytest.mark.parametrize(
    ("given", "url", "host", "port"),
    [
        ("http://Spark.Example:8998", "http://spark.example:8998", "spark.example", 8998),
        ("http://spark.example:8998/", "http://spark.example:8998", "spark.example", 8998),
        ("HTTPS://spark.example/livy/v1/", "https://spark.example/livy/v1", "spark.example", 443),
        ("https://spark.example/livy/batches", "https://spark.example/livy", "spark.example", 443),
        ("http://spark.example:80", "http://spark.example", "spark.example", 80),
        ("http://[::1]:8998/x", "http://[::1]:8998/x", "::1", 8998),
        (" http://127.0.0.1:8998\n", "http://127.0.0.1:8998", "127.0.0.1", 8998),
    ],
)
def test_an_address_is_spelled_in_one_way(given: str, url: str, host: str, port: int) -> None:
    address = parse_address(given)
    assert (address.url, address.host, address.port) == (url, host, port)
    assert address.authorization is None


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("ftp://spark", "http:// or https://"),
        ("spark:8998", "http:// or https://"),
        ("", "http:// or https://"),
        ("http://", "no host"),
        ("http://:8998", "no host"),
        ("http://spark:0", "port"),
        ("http://spark:99999", "port"),
        ("http://spark:abc", "port"),
        ("http://spark:8998/?doAs=root", "question mark"),
        ("http://spark:8998/#x", "hash"),
        ("http://spark:8998/a b", "space"),
        ("http://spark:8998/\x1b[1m", "control character"),
        ("http://spark:8998/a/../b", "path"),
        ("http://[::1", "can't be read"),
        ("http://us%3Aer:pw@spark", "colon"),
    ],
)
def test_what_is_no_address_is_refused_with_a_sentence(given: str, says: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=says) as caught:
        parse_address(given)
    assert caught.value.field == "spark_url"


def test_user_and_password_leave_the_address_and_become_basic_authentication() -> None:
    address = parse_address("https://ana:p%40ss%2Fw%C3%B6rd@spark.example:8443/livy")
    assert address.url == "https://spark.example:8443/livy"
    assert address.authorization is not None
    assert b64decode(address.authorization.removeprefix("Basic ")).decode() == "ana:p@ss/wörd"
    assert "p@ss" not in repr(address)
    assert "p@ss/wörd" in address.secrets


def test_a_token_becomes_bearer_authentication() -> None:
    address = parse_address("http://spark", " tok-en \n")
    assert address.authorization == "Bearer tok-en"
    assert "tok-en" not in repr(address)


def test_a_token_that_would_begin_another_header_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigurationInvalid) as caught:
        parse_address("http://spark", "abc\r\nX-Evil: 1")
    assert caught.value.field == "spark_token"
    assert "abc" not in str(caught.value)


def test_a_password_and_a_token_are_one_too_many() -> None:
    with pytest.raises(ConfigurationInvalid, match="one of them") as caught:
        parse_address("http://ana:secret@spark", "token")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.8.9.1", "::1"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["spark", "10.0.0.1", "localhost.example", "0.0.0.0", "127.0.0.1.example"])
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)
