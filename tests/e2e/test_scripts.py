"""The scripts of the front end in a real browser, under the site's own strict policy, on a page made for it."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.e2e

PAGE = """<!doctype html><html lang="es"><head><meta charset="utf-8"><title>Piezas</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/site.css">
<script src="/site.js" defer></script><script src="/editor.js" defer></script></head>
<body data-shortcuts="on" hx-headers='{"X-CSRFToken": "el-token"}'><main>
<form action="/enviado" data-once data-autosave="/borrador"><div class="editor"><div class="tabs">
<label for="fuente">envoy.yaml</label><span data-autosave-state></span></div>
<div class="area"><textarea id="fuente" name="fuente" data-editor="yaml">admin:</textarea></div></div>
<div class="handin"><button id="probar">Probar</button></div></form>
<input id="campo" aria-label="Campo">
<p><a class="ref" href="/referencia">tcp_proxy.cc:410</a>
<a class="ref" id="rota" href="/rota">roto.cc:1</a></p>
<div class="code"><header><span>Terminal</span></header><pre><code><span class="gp">$ </span>pwd
<span class="go">/tmp</span>
</code></pre></div>
<nav class="pager"><a rel="prev" href="/?anterior">Anterior</a>
<a rel="next" href="/?siguiente">Siguiente</a></nav>
</main></body></html>"""
REFERENCE = '<div class="reference"><header><h2>source/common/tcp_proxy.cc</h2></header></div>'


def policy() -> str:
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())


class Site(http.server.SimpleHTTPRequestHandler):
    """The built files, the page above, and a few answers."""

    drafts: list[tuple[str | None, str]]

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", policy())
        super().end_headers()

    def answer(self, status: int, text: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(text.encode())

    def do_GET(self) -> None:
        address = self.path.partition("?")[0]
        if address in ("/", "/enviado"):
            self.answer(200, PAGE)
        elif address == "/referencia":
            self.answer(200, REFERENCE)
        elif address == "/rota":
            self.answer(404, "<h1>No está</h1>")
        else:
            super().do_GET()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.drafts.append((self.headers.get("X-CSRFToken"), body))
        self.answer(204)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[http.server.ThreadingHTTPServer]:
    dist = Path(settings.BASE_DIR) / "static" / "dist"
    assert (dist / "editor.js").is_file(), "build the front end first: python -m formacion.frontend"
    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Site, directory=dist))
    site.drafts = []
    threading.Thread(target=site.serve_forever, daemon=True).start()
    yield site
    site.shutdown()


@pytest.fixture
def page(chromium: Browser, server) -> Iterator[Page]:
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.faults = []
    page.on("pageerror", lambda fault: page.faults.append(str(fault)))
    page.on("console", lambda message: message.type == "error" and page.faults.append(message.text))
    server.drafts.clear()
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    page.locator(".cm-host").wait_for()
    yield page
    context.close()


def source(page: Page) -> str:
    return page.locator("#fuente").evaluate("element => element.value")


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.id || document.activeElement.className")


def write_at_the_end(page: Page, text: str) -> None:
    page.locator("label[for=fuente]").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(text)


def test_the_strict_policy_lets_everything_run(page: Page) -> None:
    write_at_the_end(page, " {}")
    assert page.faults == []


def test_the_editor_is_styled_under_the_strict_policy(page: Page) -> None:
    family = page.locator(".cm-scroller").evaluate("element => getComputedStyle(element).fontFamily")
    assert "Source Code Pro" in family


def test_what_is_written_in_the_editor_is_what_the_form_sends(page: Page) -> None:
    write_at_the_end(page, " {}")
    assert source(page) == "admin: {}"


def test_the_editor_keeps_the_name_of_its_label(page: Page) -> None:
    assert page.get_by_role("textbox", name="envoy.yaml").count() == 1


def test_tab_indents_inside_the_editor_and_escape_leaves_it(page: Page) -> None:
    write_at_the_end(page, "")
    page.keyboard.press("Tab")
    assert source(page) == "  admin:"
    page.keyboard.press("Escape")
    assert focused(page) == "probar"


def test_a_draft_is_saved_with_the_token_and_said_to_be_saved(page: Page, server) -> None:
    write_at_the_end(page, " x")
    page.get_by_text("Guardado a las").wait_for()
    token, body = server.drafts[-1]
    assert token == "el-token"
    assert "admin: x" in body


def test_a_draft_that_could_not_be_saved_is_never_said_to_be(page: Page) -> None:
    page.route("**/borrador", lambda route: route.abort())
    write_at_the_end(page, " x")
    page.get_by_text("Sin guardar: no se pudo llegar al servidor").wait_for()


@pytest.mark.parametrize(("key", "query"), [("n", "siguiente"), ("p", "anterior")])
def test_one_key_goes_to_the_neighbour(page: Page, key: str, query: str) -> None:
    page.keyboard.press(key)
    page.wait_for_url(f"**/?{query}")


def test_no_key_acts_while_someone_writes(page: Page) -> None:
    here = page.url
    page.locator("#campo").focus()
    page.keyboard.type("np")
    write_at_the_end(page, "np")
    assert page.url == here
    assert source(page) == "admin:np"


def test_shortcuts_can_be_switched_off(page: Page) -> None:
    here = page.url
    page.evaluate("document.body.dataset.shortcuts = 'off'")
    page.keyboard.press("n")
    assert page.evaluate("new Promise(done => setTimeout(() => done(location.href), 200))") == here


def test_a_reference_opens_in_the_panel_and_gives_the_focus_back(page: Page) -> None:
    page.get_by_text("tcp_proxy.cc:410").click()
    panel = page.locator("#panel-referencia")
    panel.get_by_text("source/common/tcp_proxy.cc").wait_for()
    page.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    assert focused(page) == "ref"


def test_a_reference_without_a_fragment_is_still_a_link(page: Page) -> None:
    page.locator("#rota").click()
    page.wait_for_url("**/rota")
    assert page.get_by_role("heading", name="No está").count() == 1


def test_a_terminal_is_copied_without_prompts_and_answers(page: Page) -> None:
    page.get_by_role("button", name="Copiar").click()
    page.get_by_text("Copiado").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "pwd"


def test_a_form_is_sent_once(page: Page) -> None:
    sent = []

    def keep(route: Route) -> None:
        sent.append(route.request.url)
        route.fulfill(status=204)  # the page stays as it is

    page.route("**/enviado**", keep)
    page.locator("#probar").evaluate("button => { button.click(); button.click(); }")
    page.evaluate("new Promise(done => setTimeout(done, 200))")
    assert len(sent) == 1
