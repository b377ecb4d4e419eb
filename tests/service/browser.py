"""A person at a real browser: Debian's chromium with its driver."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service as Driver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.service.harness import Service
from tests.waiting import wait_until

WIDE, TABLET, PHONE = (1440, 900), (820, 1180), (360, 740)
_OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
            "--disable-background-networking", "--no-first-run", "--lang=en-GB")  # fmt: skip


class Browser:
    """One browser with the page of one service."""

    def __init__(self, driver: webdriver.Chrome, base: str) -> None:
        self.driver = driver
        self.base = base

    def open(self, path: str = "/") -> None:
        """Open an address of the service."""
        self.driver.get(self.base + path)

    def look_as(self, size: tuple[int, int], *, dark: bool = False) -> None:
        """Take on a size in CSS pixels, and a colour scheme."""
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})

    def find(self, selector: str) -> WebElement:
        """The element of a CSS selector."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        """All of them."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        """The text that is seen."""
        return self.find(selector).text

    def click(self, selector: str) -> None:
        """Click when that can be done."""
        wait_until(lambda: self.find(selector).is_enabled() and self.find(selector).is_displayed(), 10, selector)
        self.find(selector).click()

    def wait_for(self, selector: str, text: str, timeout: float = 15.0) -> None:
        """Wait until an element shows a text."""
        shown = ""

        def is_there() -> bool:
            nonlocal shown
            shown = self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)
            return text in shown

        try:
            wait_until(is_there, timeout)
        except AssertionError:
            raise AssertionError(f"{selector} never showed {text!r}, but {shown[:500]!r}") from None

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script gives."""
        return self.driver.execute_script(script, *arguments)

    def complaints(self) -> list[str]:
        """What the console has to say since the last time: violated policies, errors, failed requests."""
        return [str(entry["message"]) for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]

    def rows(self) -> list[list[str]]:
        """The texts of the table."""
        rows: list[list[str]] = self.run(
            "return [...document.querySelectorAll('#runs tr')].filter(row => !row.hidden)"
            ".map(row => [...row.cells].map(cell => cell.innerText.trim()))"
        )
        return rows


def installed() -> bool:
    """Whether the browser and its driver are there; `make install` sees to it where it may."""
    return shutil.which("chromium") is not None and shutil.which("chromedriver") is not None


@contextmanager
def browsing(base: str) -> Iterator[Browser]:
    """A browser that is gone at the end."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for option in _OPTIONS:
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Driver(str(shutil.which("chromedriver"))))
    try:
        driver.set_page_load_timeout(20)
        driver.set_script_timeout(20)
        browser = Browser(driver, base)
        browser.look_as(WIDE)
        yield browser
    finally:
        driver.quit()


@contextmanager
def page_of(service: Service) -> Iterator[Browser]:
    """A browser with the page of a service, live."""
    with browsing(service.url) as browser:
        browser.open()
        browser.wait_for("#connection", "live")
        yield browser
