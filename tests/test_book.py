"""The book: it is built without a broken link, holds every op and the whole contract, and fetches
nothing from anywhere."""

from __future__ import annotations

import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import ferrule as fe
import ferrule_plugins
from ferrule_plugins import Backend, Capabilities

ROOT = Path(__file__).parents[1]

OPS = [op for op in fe.OPS.values() if op.__module__.startswith("ferrule.ops.")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("book") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder


class _Page(HTMLParser):
    """What a page refers to, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.anchors: set[str] = set()
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if found.get("id"):
            self.anchors.add(str(found["id"]))
        if tag == "link" and found.get("rel") not in ("canonical", "prev", "next"):
            self.fetched.append(found.get("href") or "")
        self.fetched += [str(found[name]) for name in ("src", "srcset", "poster") if name in found]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def text_of(site: Path, page: str) -> str:
    return " ".join("".join(_Page((site / page).read_text()).words).split())


def test_every_op_is_there_and_can_be_searched_for(site: Path) -> None:
    index = (site / "ops/index.html").read_text()
    anchors: dict[str, set[str]] = {}
    for op in OPS:
        page = f"ops/{op.__module__.split('.')[2]}.html"
        if page not in anchors:
            anchors[page] = _Page((site / page).read_text()).anchors
        assert op.name in anchors[page]
        assert f'href="{page.removeprefix("ops/")}#{op.name}"' in index
    entries = json.loads((site / "search/search_index.json").read_text())["docs"]
    assert {op.name for op in OPS} <= {entry["title"] for entry in entries}


def test_an_ops_section_is_its_declaration(site: Path) -> None:
    text = text_of(site, "ops/softmax.html")
    section = text.partition(" softmax(")[2].partition(" log_softmax(")[0]
    for part in (
        "Exponentials along dim, scaled to sum to one.",
        "Kind composite",
        "Tensor.softmax",
        "float16, bfloat16, float32, float64",
        "Gradient by a rule of its own",
        "Native on cpu",
        "Body calls amax, sub, exp, sum, div",
    ):
        assert part in section, part
    assert re.search(r"softmax\(float32\[3,4\], dim=.*?\) -> float32\[3,4\]", section)
    assert "depends on values" in text_of(site, "ops/sets.html")


def test_the_contract_is_there(site: Path) -> None:
    pages = list((site / "contract").iterdir())
    anchors = {a.rpartition(".")[2] for p in pages for a in _Page(p.read_text()).anchors}
    defined = {
        name
        for name in ferrule_plugins.__all__
        if getattr(getattr(ferrule_plugins, name), "__module__", "").startswith("ferrule_plugins")
    }
    assert len(defined) > 20
    assert defined <= anchors
    text = text_of(site, "contract/backend.html")
    members = [name for name in vars(Backend) if not name.startswith("_")]
    assert all(re.search(rf"\b{name}\b", text) for name in (*members, *vars(Capabilities)[
        "__dataclass_fields__"
    ]))  # fmt: skip
    kernels = text_of(site, "contract/kernels.html")
    assert all(re.search(rf"\b{op.name} ?\(", kernels) for op in OPS if op.primitive)


def test_the_whole_of_docs_is_there(site: Path) -> None:
    pages = {p.relative_to(ROOT / "docs") for p in (ROOT / "docs").rglob("*.md")}
    for page in pages:
        target = "index" if page.name == "README.md" else page.stem
        text = text_of(site, str(page.with_name(f"{target}.html")))
        assert "```" not in text, f"{page}: a fence was not understood"
    assert "softexp" in text_of(site, "contributing.html")
    assert (site / "packages/plugins.html").exists()
    assert "slope -= 0.5 * by_slope" in text_of(site, "examples/fit_a_line.html")


def test_nothing_is_fetched_from_anywhere(site: Path) -> None:
    fetched = {url for page in site.rglob("*.html") for url in _Page(page.read_text()).fetched}
    assert any(url.endswith(".css") for url in fetched)
    assert any(url.endswith(".js") for url in fetched)
    styles = "".join(p.read_text() for p in site.rglob("*.css"))
    fetched |= set(re.findall(r"url\(['\"]?([^)'\"]+)", styles))
    fetched |= set(re.findall(r"@import\s+['\"]([^'\"]+)", styles))
    foreign = [url for url in fetched if re.match(r"(https?:)?//", url)]
    assert not foreign


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(_Quiet, directory=str(site))
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("there is no chromium with its chromedriver: apt-get install chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (
        "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
        "--window-size=1400,1000", f"--user-data-dir={tmp_path / 'profile'}",
        *["--no-sandbox"] * (os.geteuid() == 0),
    ):  # fmt: skip
        options.add_argument(flag)
    service = webdriver.ChromeService(driver)
    try:
        found = webdriver.Chrome(options=options, service=service)
        try:
            yield found
        finally:
            found.quit()
    finally:
        service.stop()


def test_a_reader_finds_an_op(browser: Any, address: str) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get(f"{address}/index.html")
    browser.find_element(By.CSS_SELECTOR, "input.md-search__input").send_keys("logaddexp2")
    found = '.md-search-result__link[href$="#logaddexp2"]'
    WebDriverWait(browser, 60).until(lambda b: b.find_elements(By.CSS_SELECTOR, found))
    browser.get(browser.find_element(By.CSS_SELECTOR, found).get_attribute("href"))
    title = browser.find_element(By.XPATH, "//*[@id='logaddexp2']/following::summary[1]")
    folded = title.find_element(By.XPATH, "following::code[1]")
    assert not folded.is_displayed()
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", title)
    WebDriverWait(browser, 60).until(lambda b: title.is_displayed() and title.is_enabled())
    title.click()
    WebDriverWait(browser, 60).until(lambda b: folded.is_displayed())
    assert "logaddexp2(float32[" in folded.text
    fetched = browser.execute_script(
        "return performance.getEntriesByType('resource').map(entry => entry.name)"
    )
    assert fetched
    assert all(url.startswith(address) for url in fetched)


@pytest.fixture
def generators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools/book"))


@pytest.mark.usefixtures("generators")
def test_docstrings_become_markdown() -> None:
    import docstring  # pyright: ignore[reportMissingImports]

    text = docstring.markdown(
        """All of ``*xs``, a*b*c, as in ::

            y = a * b

        Args:
            x: one of the *first*
                and more
            dim, keepdim: as ever. `None` is all.

        Raises:
            ShapeError: they do not fit.

        Returns:
            What ``x`` is,
            and more.
        """
    )
    assert text.splitlines() == [
        "All of ``*xs``, a\\*b\\*c, as in:",
        "",
        "",
        "    y = a * b",
        "",
        "",
        "**Arguments**",
        "",
        "- `x`: one of the \\*first\\*",
        "    and more",
        "- `dim, keepdim`: as ever. `None` is all.",
        "",
        "",
        "**Raises**",
        "",
        "- `ShapeError`: they do not fit.",
        "",
        "",
        "**Returns**",
        "",
        "What ``x`` is,",
        "and more.",
    ]
    assert docstring.first_sentence("``e**x``, for\nx of 0.5. More.\n\nMuch.") == (
        "``e**x``, for x of 0.5"
    )


@pytest.mark.usefixtures("generators")
def test_links_lead_to_the_books_pages() -> None:
    from repository_pages import relinked  # pyright: ignore[reportMissingImports]

    text = "[a](../README.md#x) [b](../../CONTRIBUTING.md) [c](0001.md) [d](https://e.org) [e](#f)"
    assert relinked(text, "adr/0002.md", "docs/adr/0002.md") == (
        "[a](../README.md#x) [b](../contributing.md) [c](0001.md) [d](https://e.org) [e](#f)"
    )
    assert relinked("[a](docs/adr/0001.md)", "contributing.md", "CONTRIBUTING.md") == (
        "[a](adr/0001.md)"
    )
