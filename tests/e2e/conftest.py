"""The site as a new user starts it, in a folder of its own, and a real Chromium in front of it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.services import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
SCREENSHOTS = Path(__file__).resolve().parent / "screenshots"
PASSWORD = "formacion-demo"
CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Site:
    """A running site: where it answers, where its log and data are."""

    url: str
    data: Path
    log: Path
    environment: dict[str, str]

    def manage(self, *words: str) -> str:
        """Run a management command beside the site; its output."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def wait_for_log(self, pattern: str, seconds: float = 60) -> re.Match[str]:
        """The first match in the site's log, waiting for it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := re.search(pattern, self.log.read_text(errors="replace")):
                return found
            time.sleep(0.1)
        raise AssertionError(f"no {pattern!r} in the log:\n{self.log.read_text(errors='replace')[-4000:]}")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("sitio")
    port = free_port()
    log = data / "run.log"
    environment = {
        **{name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "BROKER_URL"}},
        "DATA_DIR": str(data),
        "DEMO": "1",
        "PORT": str(port),
        "REQUIRE_SANDBOX": "1",
    }
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "run"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    running = Site(f"http://127.0.0.1:{port}", data, log, environment)
    try:
        running.wait_for_log(r"Formación está en", 120)
        yield running
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        assert program, "Chromium is missing: make test installs it"
        browser = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM))
        yield browser
        browser.close()


class Visitor:
    """Somebody in front of a browser. Every complaint of the console fails the test that caused it."""

    def __init__(self, browser: Browser, site: Site, **options: object) -> None:
        self.site = site
        self.context: BrowserContext = browser.new_context(
            base_url=site.url, locale="es-ES", viewport={"width": 1440, "height": 900}, **options
        )
        self.context.set_default_timeout(15_000)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.expected: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: object) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")

    def expect_complaint(self, pattern: str) -> None:
        """Something that the browser rightly complains of (a 404 that we asked for)."""
        self.expected.append(pattern)

    def log_in(self, email: str, password: str = PASSWORD) -> None:
        self.page.goto("/cuenta/login/")
        self.page.get_by_label("Correo electrónico").fill(email)
        self.page.get_by_label("Contraseña", exact=True).fill(password)
        self.page.locator("main").get_by_role("button", name="Entrar").click()

    def shoot(self, name: str) -> None:
        """Pictures of the page as it is: light, dark, and light at 360 px, whole."""
        SCREENSHOTS.mkdir(exist_ok=True)
        for scheme, width in (("light", 1440), ("dark", 1440), ("light", 360)):
            self.page.emulate_media(color_scheme=scheme)
            self.page.set_viewport_size({"width": width, "height": 900})
            self.page.screenshot(path=SCREENSHOTS / f"{name}-{scheme}-{width}.png", full_page=True)
            overflow = self.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert overflow <= 0, f"{name} at {width}px is {overflow}px too wide"
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size({"width": 1440, "height": 900})

    def check_console(self) -> None:
        left = [line for line in self.complaints if not any(re.search(p, line) for p in self.expected)]
        assert left == []


@pytest.fixture
def visit(chromium: Browser, site: Site) -> Iterator[object]:
    """`visit()` opens a browser of its own; at the end its console must have been silent."""
    visitors: list[Visitor] = []

    def opener(**options: object) -> Visitor:
        visitors.append(Visitor(chromium, site, **options))
        return visitors[-1]

    yield opener
    for visitor in visitors:
        visitor.check_console()
        visitor.context.close()
