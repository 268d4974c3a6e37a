"""The page in a browser: of a real run of a backend that is wrong."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mutants import MUTANTS

from ferrule_conformance import suite
from ferrule_conformance.case import Target
from ferrule_conformance.page import render
from ferrule_conformance.scorecard import Scorecard

webdriver = pytest.importorskip("selenium.webdriver")
By: Any = pytest.importorskip("selenium.webdriver.common.by").By
Keys: Any = pytest.importorskip("selenium.webdriver.common.keys").Keys

CHROMIUM, CHROMEDRIVER = shutil.which("chromium"), shutil.which("chromedriver")

pytestmark = pytest.mark.skipif(
    CHROMIUM is None or CHROMEDRIVER is None,
    reason="there is no chromium with its chromedriver here: apt-get install chromium-driver",
)

FLAGS = (
    "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--window-size=1400,1000",
)  # fmt: skip


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of the page of a run in which softmax is wrong."""
    backend = next(mutant for mutant in MUTANTS if mutant.name == "softmax_off").backend()
    results = suite.run(
        backend, ops=["softmax", "exp", "narrow"], dtypes=["float32", "float16"], levels=(1, 3),
        checks=["forward", "determinism", "kernel_is_body"],
    )  # fmt: skip
    card = Scorecard(Target(backend))
    for result in results:
        card.add(result)
    file = tmp_path_factory.mktemp("page") / "card.html"
    file.write_text(render(card.as_dict()), encoding="utf-8")
    return file.as_uri()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    profile: Path = tmp_path_factory.mktemp("profile")
    for flag in (*FLAGS, f"--user-data-dir={profile}", *["--no-sandbox"] * (os.geteuid() == 0)):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(CHROMEDRIVER)
    try:
        driver = webdriver.Chrome(options=options, service=service)
        try:
            yield driver
        finally:
            driver.quit()
    finally:
        service.stop()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    browser.get(address)
    yield browser
    complaints = [entry["message"] for entry in browser.get_log("browser")]
    assert not complaints  # the script ran, and the page's policy refused nothing


def cell(page: Any, op: str, dtype: str) -> Any:
    return page.find_element(By.CSS_SELECTOR, f'tr[data-op="{op}"] td[data-dtype="{dtype}"]')


def shown(page: Any) -> list[str]:
    rows = page.find_elements(By.CSS_SELECTOR, "#matrix tbody tr")
    return [row.get_attribute("data-op") for row in rows if row.is_displayed()]


def chip(page: Any, state: str) -> Any:
    return page.find_element(By.CSS_SELECTOR, f'.chip[data-state="{state}"]')


def test_a_filter_and_a_cell(page: Any) -> None:
    assert sorted(shown(page)) == ["exp", "narrow", "softmax"]
    assert page.find_element(By.CLASS_NAME, "verdict").text.endswith("tests fail")
    chip(page, "failed").click()
    assert shown(page) == ["softmax"]
    assert page.find_element(By.ID, "shown").text == "1 of 3"
    found = cell(page, "softmax", "float32")
    assert found.text.startswith("\N{MULTIPLICATION X}")
    assert found.get_attribute("data-state") == "failed"
    assert "failed" in found.get_attribute("title")
    chip(page, "failed").click()
    chip(page, "decomposed").click()
    assert shown(page) == ["narrow"]
    assert cell(page, "narrow", "float32").text == "\N{WHITE DIAMOND}"


def test_the_details_of_a_failure(page: Any) -> None:
    details = page.find_element(By.ID, "details")
    assert not details.is_displayed()
    cell(page, "softmax", "float32").click()
    assert details.is_displayed()
    assert page.find_element(By.ID, "details-title").text == "softmax, float32"
    assert "elements are wrong" in details.text
    command = details.find_element(By.CSS_SELECTOR, ".command pre").text
    assert "softmax_off-softmax-" in command and "-float32-" in command
    assert "-float16-" not in details.text  # that is another cell
    details.send_keys(Keys.ESCAPE)
    assert not details.is_displayed()
    assert page.switch_to.active_element == cell(page, "softmax", "float32")


def test_search_and_dtype(page: Any) -> None:
    page.find_element(By.TAG_NAME, "body").send_keys("/")
    search = page.switch_to.active_element
    assert search.get_attribute("id") == "search"
    search.send_keys("SOFT")
    assert shown(page) == ["softmax"]
    search.clear()
    search.send_keys("no such op")
    assert shown(page) == []
    page.find_element(By.CSS_SELECTOR, "button[type=reset]").click()
    page.find_element(By.CSS_SELECTOR, '#dtype option[value="float32"]').click()
    assert cell(page, "exp", "float32").is_displayed()
    assert not cell(page, "exp", "float16").is_displayed()
    page.find_element(By.ID, "failures-only").click()
    assert shown(page) == ["softmax"]


def test_sorting(page: Any) -> None:
    before = shown(page)
    by_name = page.find_element(By.CSS_SELECTOR, '[data-sort="name"]')
    by_name.click()
    assert shown(page) == sorted(before)
    by_name.click()
    assert shown(page) == sorted(before, reverse=True)
    by_name.click()
    assert shown(page) == before  # as declared
    page.find_element(By.CSS_SELECTOR, '#matrix [data-sort="failed"]').click()
    assert shown(page)[0] == "softmax"


def test_the_keyboard_alone(page: Any) -> None:
    tabbed = page.find_elements(By.CSS_SELECTOR, '#matrix .cell[tabindex="0"]')
    assert len(tabbed) == 1
    tabbed[0].send_keys(Keys.ARROW_DOWN)
    name = page.switch_to.active_element
    assert name.text == shown(page)[1]
    name.send_keys(Keys.ARROW_RIGHT)
    there = page.switch_to.active_element
    assert there.get_attribute("data-dtype") == "float16"
    there.send_keys(Keys.ENTER)
    assert page.find_element(By.ID, "details").is_displayed()


def test_filtering_moves_no_column(page: Any) -> None:
    head = page.find_element(By.CSS_SELECTOR, 'th[data-dtype="float32"]')
    table = page.find_element(By.CLASS_NAME, "scroll")
    before = (head.rect, table.rect)
    page.find_element(By.ID, "search").send_keys("nothing like it")
    assert (head.rect, table.rect) == before
