"""The way through the whole site, as three people walk it, in a real Chromium. In order: each step builds on it.

Leaves pictures of the pages in tests/e2e/screenshots/ (light, dark, 360 px).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import ROOT, Site, Visitor

pytestmark = pytest.mark.e2e

COURSE = "/cursos/proxies-envoy-ztunnel/"
LESSON = COURSE + "01_fundamentos_redes/02_tcp_udp/"
LABS = "ejercicios/laboratorios/"
CONTENT = ROOT / "content" / "proxies-envoy-ztunnel"
STUDENT, INSTRUCTOR, ADMIN = "estudiante@demo.test", "instructora@demo.test", "admin@demo.test"
# set by the address bar or typed in the editor: never by a click that scripts must have drawn
Visit = Callable[..., Visitor]


def shipped(path: str) -> str:
    """A file of a laboratory's folder."""
    return (CONTENT / LABS / path).read_text()


def test_a_newcomer_signs_up_confirms_and_reads(visit: Visit, site: Site) -> None:
    newcomer = visit()
    page = newcomer.page
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Envoy")
    newcomer.shoot("portada")
    page.get_by_role("link", name="Crear una cuenta").first.click()
    page.get_by_label("Correo electrónico").fill("nueva@ejemplo.test")
    page.get_by_label("Nombre").fill("Nuria Nueva")
    page.get_by_label("Contraseña", exact=True).fill("una clave bien larga")
    page.get_by_label(re.compile("Contraseña.*(otra vez|de nuevo|repetida)|Repite", re.I)).fill(
        "una clave bien larga"
    )
    page.get_by_role("button", name="Crear la cuenta").click()
    link = site.wait_for_log(r"http://[^\s]+/cuenta/confirm-email/[^\s]+").group()
    page.goto(link)
    page.get_by_role("button", name="Confirmar").click()
    page.wait_for_load_state()
    if page.url.endswith("/cuenta/login/"):
        newcomer.log_in("nueva@ejemplo.test", "una clave bien larga")
    page.goto(LESSON)
    expect(page.get_by_role("heading", level=1)).to_have_text("Protocolos de transporte: TCP y UDP")


def test_six_wrong_passwords_get_a_clear_answer(visit: Visit) -> None:
    visitor = visit()
    visitor.expect_complaint("429")
    for _attempt in range(6):
        visitor.log_in("alguien@ejemplo.test", "no es esta")
        visitor.page.wait_for_load_state()
    expect(visitor.page.locator("main")).to_contain_text(re.compile("demasiad|espera", re.I))


def test_a_student_reads_with_diagrams_and_references_and_marks_the_lesson(visit: Visit) -> None:
    student = visit()
    page = student.page
    student.log_in(STUDENT)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.goto(COURSE)
    expect(page.locator("main")).to_contain_text("en preparación")
    student.shoot("curso")
    page.goto(LESSON)
    assert page.locator("figure svg[role=img]").count() >= 2
    student.shoot("leccion")
    chip = page.locator(".prose a.ref").first
    chip.click()
    panel = page.locator(".reference")
    expect(panel).to_contain_text("8179eba")
    expect(panel.get_by_role("link", name="Ver en el repositorio")).to_have_attribute(
        "href", re.compile(r"/blob/8179ebab9840099e143d2c6bef01b370d141df1d/.+#L\d+")
    )
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    page.get_by_role("button", name="Marcar como hecha").click()
    expect(page.locator("#terminar")).to_contain_text("Hecha")
    page.goto(COURSE)
    expect(page.locator("main")).to_contain_text("1 de 1")
    page.goto("/")
    student.shoot("inicio")


def test_a_lesson_needs_no_script(visit: Visit) -> None:
    reader = visit(java_script_enabled=False)
    reader.log_in(STUDENT)
    reader.page.goto(LESSON)
    assert reader.page.locator("figure svg[role=img]").first.bounding_box()["height"] > 100
    reader.page.locator(".prose a.ref").first.click()
    expect(reader.page.locator("main")).to_contain_text("8179eba")


def test_what_is_in_preparation_cannot_be_opened(visit: Visit) -> None:
    student = visit()
    student.expect_complaint("404")
    student.log_in(STUDENT)
    response = student.page.goto(COURSE + "01_fundamentos_redes/01_modelo_osi/")
    assert response.status == 404
    expect(student.page.locator("main")).to_be_visible()


def test_an_admin_edits_a_lesson_and_the_reader_sees_it_at_once(
    visit: Visit, site: Site, tmp_path: Path
) -> None:
    admin = visit()
    page = admin.page
    admin.expect_complaint("422")  # how the browser tells of a refused text
    admin.log_in(ADMIN)
    page.goto("/admin/courses/lesson/")
    admin.shoot("admin")
    page.get_by_role("link", name="Protocolos de transporte").click()
    source = page.locator("textarea[name=source]")
    text = source.input_value()
    good = text.replace(
        "## Un fichero a medias", "Esta frase la ha escrito una admin.\n\n## Un fichero a medias"
    )
    assert good != text

    line = text.count("\n") + 3
    broken = text + "\n```mermaid\nflowchart LR\n  a --\n```\n"
    set_source(admin, broken)
    page.get_by_label("Por qué").fill("Un diagrama")
    page.get_by_role("button", name="Publicar").click()
    refusal = page.locator("form .problems[role=alert]").first
    expect(refusal).to_contain_text(re.compile(rf"\b({line - 1}|{line}|{line + 1}|{line + 2})\b"))
    assert page.locator("textarea[name=source]").input_value().replace("\r\n", "\n") == broken
    admin.shoot("admin-error")

    set_source(admin, good)
    page.get_by_label("Por qué").fill("Una frase de prueba")
    page.get_by_role("button", name="Publicar").click()
    expect(page.locator(".messages")).to_contain_text("Publicado")
    student = visit()
    student.log_in(STUDENT)
    student.page.goto(LESSON)
    expect(student.page.locator(".prose")).to_contain_text("Esta frase la ha escrito una admin.")

    said = site.manage("import_course", str(CONTENT))
    assert "01_fundamentos_redes/02_tcp_udp.md" in said
    student.page.reload()
    expect(student.page.locator(".prose")).to_contain_text("Esta frase la ha escrito una admin.")

    site.manage("export_course", "proxies-envoy-ztunnel", str(tmp_path / "fuera"))
    exported = (tmp_path / "fuera" / "01_fundamentos_redes" / "02_tcp_udp.md").read_text()
    assert "Esta frase la ha escrito una admin." in exported


def set_source(admin: Visitor, text: str) -> None:
    """Type into the editor as its script lets others do."""
    admin.page.locator("textarea[name=source]").evaluate(
        "(area, text) => { area.value = text;"
        " area.dispatchEvent(new Event('editor:set')); area.dispatchEvent(new Event('input')); }",
        text,
    )
