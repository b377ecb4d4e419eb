"""The page in a real browser: a person starts, watches and stops; others see it; and nothing of others is ever run."""

from __future__ import annotations

import importlib.resources
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipeline_gui.service.dashboard import PipelineDashboard
from tests.service.browser import PHONE, TABLET, WIDE, Browser, browsing, installed, page_of
from tests.service.conftest import OPERATOR_TOKEN, VIEWER_TOKEN
from tests.service.harness import SLEEPS, Service
from tests.service.screenshots import STATES, Frozen, page
from tests.service.test_api import NOW, RUNS, START
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(
    not installed(), reason="no chromium with its driver; `make install` says how to get it"
)


@pytest.fixture(scope="module")
def shared_browser(open_service: Service) -> Iterator[Browser]:
    """One browser for the tests that need no other beside it."""
    with browsing(open_service.url) as browser:
        yield browser


@pytest.fixture
def browser(service: Service, shared_browser: Browser) -> Iterator[Browser]:
    """The page of the open service, live; it must have nothing to complain about."""
    shared_browser.look_as(WIDE)
    shared_browser.open()
    shared_browser.wait_for("#connection", "live")
    yield shared_browser
    assert shared_browser.complaints() == []


def test_start_and_stop_by_clicks(service: Service, browser: Browser) -> None:
    run_id = service.start_run(name="nightly")
    browser.wait_for("#state", "Running · nightly")
    assert not browser.find("#start").is_enabled()
    assert "Only one pipeline" in browser.text("#why")
    first = browser.text("#clock")
    wait_until(lambda: browser.text("#clock") != first, 5, "the duration to tick")
    assert browser.rows()[0][:2] == ["running", "nightly"]

    browser.click("#stop")
    assert "Stop “nightly”?" in browser.text("#confirm-title")
    browser.click("#confirm button[value=no]")
    assert service.json("/api/pipeline/status")["is_running"]
    browser.click("#stop")
    browser.click("#confirm-yes")
    browser.wait_for("#message-text", "Stopped “nightly” after")
    browser.wait_for("#state", "Idle")
    assert service.json(f"{RUNS}/{run_id}")["status"] == "stopped"
    assert browser.rows()[0][0] == "stopped"
    assert browser.find("#start").is_enabled()


def test_what_is_refused_is_said(service: Service, browser: Browser) -> None:
    browser.click("#start")  # a sample, which lies outside the folders that this command server allows
    browser.wait_for("#message-text", "not")
    assert browser.find("#message").get_attribute("data-tone") == "bad"
    browser.wait_for("#runs", "failed")
    browser.click("#message-close")
    assert not browser.find("#message").is_displayed()
    assert any("502" in line for line in browser.complaints())


def test_two_browsers_see_the_same(service: Service) -> None:
    with ExitStack() as stack:
        ana, ben = (stack.enter_context(page_of(service)) for _ in range(2))
        run_id = service.start_run(name="shared")
        for one in (ana, ben):
            one.wait_for("#state", "Running · shared")
        ana.click("#stop")
        ben.click("#stop")
        ana.click("#confirm-yes")
        ben.wait_for("#state", "Idle")
        ben.click("#confirm-yes")
        ben.wait_for("#message-text", "not running any more")
        for one in (ana, ben):
            one.wait_for("#runs", "stopped")
        kinds = [event["kind"] for event in service.json(f"{RUNS}/{run_id}/events")["events"]]
        assert kinds.count("stop requested") == 1


def test_selection_and_scroll_stay(service: Service, browser: Browser) -> None:
    service.execute(
        f"INSERT INTO pipeline_runs (run_id, status, start_time) SELECT 'run ' || n, 'completed', "
        f"{NOW} - n * interval '1 minute' FROM generate_series(1, 120) AS n"
    )
    browser.wait_for("#runs", "run 120")
    browser.run("document.querySelector('#scroll').scrollTop = 900")
    browser.run("[...document.querySelectorAll('#runs .link')].find(link => link.textContent === 'run 40').click()")
    browser.wait_for("#run-title", "run 40")
    row = browser.run("return window.row = document.querySelector('#runs tr[aria-selected=true]')")
    at = browser.run("return document.querySelector('#scroll').scrollTop")
    service.execute("UPDATE pipeline_runs SET status = 'failed', error_message = 'late' WHERE run_id = 'run 40'")
    browser.wait_for("#run-error", "late")
    service.execute("TRUNCATE pipeline_run_engine")  # nothing that is shown
    assert browser.run("return window.row.isConnected && window.row.getAttribute('aria-selected')") == "true"
    assert row == browser.find("#runs tr[aria-selected=true]")
    assert browser.run("return document.querySelector('#scroll').scrollTop") == at
    browser.find("#filter").send_keys("run 11")
    assert {cells[1] for cells in browser.rows()} == {"run 11", *(f"run {n}" for n in range(110, 120))}
    browser.run("document.querySelector('#filter').value = ''; "
                "document.querySelector('#filter').dispatchEvent(new Event('input'))")  # fmt: skip


def test_the_details_show_events_and_a_log_that_grows(service: Service, browser: Browser, tmp_path: Path) -> None:
    go = tmp_path / "go"
    source = (
        f"import os, time\nprint('first line', flush=True)\nwhile not os.path.exists({str(go)!r}): time.sleep(0.05)\n"
    )
    service.start_run(source + "print('second line', flush=True)\ntime.sleep(600)")
    browser.wait_for("#runs", "app")
    browser.click("#runs .link")
    browser.wait_for("#run-log", "first line")
    browser.wait_for("#run-events", "recorded")
    assert "second line" not in browser.text("#run-log")
    go.touch()
    browser.wait_for("#run-log", "second line")
    service.post("/api/pipeline/stop", json={"grace_seconds": 0})
    browser.wait_for("#run-events", "running → stopped")
    assert browser.text("#run-log").count("first line") == 1


EVIL = "</script><script>window.owned=1</script><img src=x onerror=window.owned=1>\u202eevil\x1b[31m{{data}}"


def test_hostile_names_and_log_lines_are_only_text(service: Service, browser: Browser) -> None:
    service.execute(
        "INSERT INTO pipeline_runs (run_id, status, start_time, error_message, command, metadata) VALUES "
        f"(%s, %s, {NOW}, %s, %s, %s::jsonb)",
        EVIL, EVIL[:40], EVIL, EVIL,
        json.dumps({"configuration": {"name": EVIL}, "started_by": EVIL, "stopped_by": {"a": EVIL}, "exit_code": EVIL}),
    )  # fmt: skip
    browser.wait_for("#runs", "<img src=x")
    browser.open()  # and once from the state within the page
    browser.wait_for("#runs", "<img src=x")
    browser.click("#runs .link")
    browser.wait_for("#run-error", "<img src=x")
    run_id = service.start_run(f"print({EVIL!r}, flush=True)\n{SLEEPS}", name="logs")
    browser.wait_for("#runs", "logs")
    browser.run(f"location.hash = '#run={run_id}'; location.reload()")
    browser.wait_for("#run-log", "<img src=x")
    assert browser.run("return window.owned ?? 'nobody'") == "nobody"
    assert browser.run("return document.querySelectorAll('img, #runs script, #run-log *').length") == 0
    shown = browser.run("return document.body.innerText")
    assert "\u202e" not in shown
    assert "\x1b" not in shown


def test_markup_from_a_script_is_refused_by_the_policy(browser: Browser) -> None:
    blocked = browser.run(
        "try { document.body.insertAdjacentHTML('beforeend', '<b>x</b>'); return 'done' } "
        "catch (error) { return error.name }"
    )
    assert blocked == "TypeError"
    browser.run(
        "const style = document.createElement('style');"
        "style.textContent = 'body { display: none }'; document.head.append(style)"
    )
    assert browser.find("body").is_displayed()
    assert browser.run("return fetch('https://example.com/').then(() => 'sent', () => 'blocked')") == "blocked"
    assert any("Content Security Policy" in line for line in browser.complaints())


def test_a_service_that_is_lost_is_said_and_found_again(begin: Callable[..., Service]) -> None:
    service = begin()
    with page_of(service) as person:
        service.end()
        person.wait_for("#connection", "server lost")
        assert not person.find("#start").is_enabled()
        assert "can't be reached" in person.text("#why")
        service.start()
        person.wait_for("#connection", "live", 40)
        assert person.find("#start").is_enabled()


def test_the_login_and_what_a_viewer_sees(guarded: Service) -> None:
    with browsing(guarded.url) as person:
        person.open()
        assert person.driver.current_url.endswith("/login")
        person.find("input[name=token]").send_keys("wrong")
        person.click("button")
        assert "not known" in person.text("[role=alert]")
        person.find("input[name=token]").send_keys(OPERATOR_TOKEN)
        person.find("input[name=name]").send_keys("ana")
        person.click("button")
        person.wait_for("#connection", "live")
        assert person.find("#start").is_displayed()
        run_id = guarded.start_run(name="watched")
        person.click("#stop")
        person.click("#confirm-yes")
        person.wait_for("#message-text", "Stopped")
        events = guarded.json(f"{RUNS}/{run_id}/events")["events"]
        assert "ana@127.0.0.1" in {event["actor"] for event in events if event["kind"] == "stop requested"}
        person.click("#leave button")
        wait_until(lambda: person.driver.current_url.endswith("/login"), 10, "the login")
        person.find("input[name=token]").send_keys(VIEWER_TOKEN)
        person.click("button")
        person.wait_for("#connection", "live")
        assert not person.find("#controls").is_displayed()
        assert "operator's token" in person.text("#why")


def test_a_page_of_another_site_can_neither_read_nor_start(service: Service, tmp_path: Path) -> None:
    evil = tmp_path / "evil.html"
    evil.write_text(
        f"<form id=f method=post action='{service.url}{START}' enctype=text/plain>"
        '<input name=\'{"configuration":"flights"}\'></form>'
    )
    with browsing(service.url) as person:
        person.driver.get(evil.as_uri())
        read = person.run(f"return fetch('{service.url}{RUNS}').then(() => 'read', () => 'blocked')")
        sent = person.run(
            f"return fetch('{service.url}{START}', {{method: 'POST', mode: 'no-cors', body: '{{}}'}})"
            ".then(() => 'answered', () => 'blocked')"
        )
        person.run("document.getElementById('f').submit()")
        person.wait_for("body", "foreign-origin")
    assert (read, sent) == ("blocked", "blocked")
    assert service.json(RUNS)["runs"] == []


# --- the page as a file, and for everybody ----------------------------------------------------------------------------


def test_a_snapshot_asks_nobody(shared_browser: Browser, tmp_path: Path) -> None:
    state, runs = STATES["running"]
    file = tmp_path / "snapshot.html"
    file.write_text(PipelineDashboard(Frozen(state, runs), name="production").generate_html(), "utf-8")
    shared_browser.driver.get(file.as_uri())
    shared_browser.wait_for("#state", "Running · flights")
    assert shared_browser.rows()[0][:2] == ["running", "flights"]
    assert "snapshot" in shared_browser.text("#connection")
    assert not shared_browser.find("#controls").is_displayed()
    asked = shared_browser.run("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert [name for name in asked if not name.startswith("data:")] == []
    assert shared_browser.complaints() == []


def axe() -> str:
    """The checker's own script."""
    package = importlib.resources.files("selenium_axe_python")
    (script,) = Path(str(package)).rglob("axe.min.js")
    return script.read_text("utf-8")


@pytest.mark.parametrize("state", sorted(STATES))
def test_everybody_can_use_it(shared_browser: Browser, tmp_path: Path, state: str) -> None:
    """WCAG 2.2 AA by axe-core with a run's details open, at three widths, light and dark; and nothing is cut off."""
    file = tmp_path / "page.html"
    # The checker must be able to run: the policy of the page itself would not let it.
    html = page(state)
    file.write_text(html[: html.index("<meta http-equiv")] + html[html.index('<meta name="viewport"') :], "utf-8")
    for dark in (False, True):
        for size in (WIDE, TABLET, PHONE) if state == "running" else (PHONE if dark else WIDE,):
            shared_browser.look_as(size, dark=dark)
            shared_browser.driver.get(file.as_uri())
            shared_browser.run("document.querySelector('#runs .link')?.click()")
            shared_browser.run(axe())
            found = shared_browser.driver.execute_async_script(
                "const done = arguments[arguments.length - 1];"
                "const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];"
                "axe.run({runOnly: rules}).then(done)"
            )
            wrong = [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found["violations"]]
            assert wrong == [], (size, dark)
            assert len(found["passes"]) > 20
            widths = shared_browser.run(
                "const page = document.documentElement; return [page.scrollWidth, page.clientWidth]"
            )
            assert widths[0] <= widths[1], (size, dark)


def test_it_can_be_used_by_keyboard_alone(service: Service, browser: Browser) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    service.start_run(name="by-keys")
    browser.wait_for("#state", "by-keys")
    seen = []
    for _ in range(14):
        ActionChains(browser.driver).send_keys(Keys.TAB).perform()
        seen.append(browser.run("return document.activeElement.id || document.activeElement.className"))
    assert seen[0] == "skip"
    assert {"configuration", "stop", "filter", "only", "csv", "scroll", "link"} <= set(seen)
    browser.run("document.querySelector('#runs .link').focus()")
    ActionChains(browser.driver).send_keys(Keys.ENTER).perform()
    browser.wait_for("#run-title", "by-keys")
    assert browser.run("return document.activeElement.id") == "run-title"
    ActionChains(browser.driver).send_keys(Keys.ESCAPE).perform()
    assert not browser.find("#details").is_displayed()
    assert browser.run("return document.activeElement.className") == "link"
    browser.run("document.querySelector('#stop').focus()")
    ActionChains(browser.driver).send_keys(Keys.ENTER).perform()
    assert browser.run("return document.activeElement.closest('dialog')?.id") == "confirm"
    ActionChains(browser.driver).send_keys(Keys.ESCAPE).perform()
    assert service.json("/api/pipeline/status")["is_running"]


def test_many_clicks_in_many_pages_start_one(service: Service) -> None:
    """Mixed with programs that ask at the same moment."""
    with ExitStack() as stack:
        people = [stack.enter_context(page_of(service)) for _ in range(2)]
        codes: list[int] = []
        body = service.config()
        threads = [
            threading.Thread(target=lambda: codes.append(service.post(START, json=body).status_code)) for _ in range(10)
        ]
        for thread in threads:
            thread.start()
        for one in people:
            one.run("document.querySelector('#start').click()")
        for thread in threads:
            thread.join(30)
        for one in people:
            one.wait_for("#state", "· ")
        assert codes.count(201) <= 1
        assert len([run for run in service.json(RUNS)["runs"] if run["status"] == "running"]) == 1
