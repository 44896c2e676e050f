"""The way through the whole site, as three people walk it, in a real Chromium; each step builds on the last.

Leaves pictures of the pages in tests/e2e/screenshots/ (light, dark, 360 px).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

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
    expect(page.locator("main")).to_contain_text(re.compile(r"1 de \d"))
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


def hand_in(student: Visitor, exercise: str, content: str) -> None:
    """Open the exercise, put the text into its editor and hand it in."""
    student.page.goto(COURSE + LABS + exercise + "/")
    type_in(student, "#entrega textarea[data-editor]", content)
    student.page.get_by_role("button", name="Entregar").click()


def type_in(visitor: Visitor, selector: str, text: str) -> None:
    """Put a text into an editor, as its script lets others do."""
    visitor.page.locator(selector).first.evaluate(
        "(area, text) => { area.value = text;"
        " area.dispatchEvent(new Event('editor:set', {bubbles: true}));"
        " area.dispatchEvent(new Event('input', {bubbles: true})); }",
        text,
    )


def newest(student: Visitor) -> Locator:
    """The newest attempt or trial on the page of an exercise."""
    return student.page.locator("#intentos section.run").first


def test_a_student_tries_hands_in_and_sees_each_verdict(visit: Visit) -> None:
    student = visit()
    page = student.page
    student.log_in(STUDENT)
    page.goto(COURSE + LABS + "reensamblado_tcp/")
    student.shoot("ejercicio")

    page.get_by_role("button", name="Probar").click()
    expect(newest(student)).to_contain_text("no cuenta", timeout=30_000)
    expect(newest(student).locator(".flags li")).to_have_count(3, timeout=30_000)

    hand_in(student, "reensamblado_tcp", shipped("reensamblado_tcp/wrong/sin_modulo/reensamblado.py"))
    expect(newest(student)).to_contain_text("Parcial: 6 de 10 puntos", timeout=30_000)
    hidden = newest(student).locator(".case", has_text="Los números de secuencia dan la vuelta")
    expect(hidden).to_contain_text("oculto")
    given = shipped("reensamblado_tcp/casos/vuelta.txt").split()
    assert given[0] not in page.content(), "the input of a hidden case reached the page"
    student.shoot("veredicto")

    hand_in(student, "reensamblado_tcp", "import time\ntime.sleep(60)\n")
    expect(newest(student)).to_contain_text("fuera de tiempo", timeout=60_000, ignore_case=True)
    hand_in(student, "reensamblado_tcp", "raise ValueError('adiós')\n")
    expect(newest(student)).to_contain_text("ValueError", timeout=30_000)

    hand_in(student, "reensamblado_tcp", shipped("reensamblado_tcp/solution/intervalos/reensamblado.py"))
    expect(newest(student)).to_contain_text("Aceptada: 10 de 10 puntos", timeout=30_000)
    expect(page.locator("#intentos .earlier li, #intentos section.run")).to_have_count(4)


def test_what_cannot_be_handed_in_is_refused_and_nothing_is_lost(visit: Visit, tmp_path: Path) -> None:
    student = visit()
    page = student.page
    student.expect_complaint("422|413")
    student.log_in(STUDENT)
    hand_in(student, "reensamblado_tcp", "")
    expect(page.locator("#entrega .error").first).to_be_visible()
    big = tmp_path / "reensamblado.py"
    big.write_bytes(b"# " + b"x" * 10_000_000)
    page.goto(COURSE + LABS + "reensamblado_tcp/")
    type_in(student, "#entrega textarea[data-editor]", "print('lo que escribía')\n")
    page.locator("#subida").set_input_files(big)
    page.get_by_role("button", name="Entregar").click()
    expect(page.locator("#entrega .error:visible").first).to_contain_text("KiB")
    expect(page.locator("#entrega textarea[data-editor]").first).to_have_value("print('lo que escribía')\n")


def test_a_hand_in_needs_no_script(visit: Visit) -> None:
    student = visit(java_script_enabled=False)
    page = student.page
    student.log_in(STUDENT)
    page.goto(COURSE + LABS + "reensamblado_tcp/")
    page.locator("#entrega textarea").first.fill("print(1)\n")
    page.get_by_role("button", name="Entregar").click()
    for _look in range(60):
        if "No superada" in page.locator("main").inner_text():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.locator("main")).to_contain_text("No superada")


def test_an_envoy_configuration_is_graded_under_the_real_envoy(visit: Visit) -> None:
    student = visit()
    student.log_in(STUDENT)
    hand_in(student, "medio_cierre", "static_resources:\n  listenerss: []\n")
    expect(newest(student)).to_contain_text("listenerss", timeout=60_000)
    hand_in(student, "medio_cierre", shipped("medio_cierre/wrong/sin_plazo/envoy.yaml"))
    expect(newest(student)).to_contain_text("Parcial: 8 de 10", timeout=90_000)
    student.shoot("veredicto-envoy")
    hand_in(student, "medio_cierre", shipped("medio_cierre/solution/plazo_de_inactividad/envoy.yaml"))
    expect(newest(student)).to_contain_text("Aceptada: 10 de 10 puntos", timeout=90_000)


def test_an_instructor_reviews_and_the_student_sees_it(visit: Visit) -> None:
    instructor = visit()
    page = instructor.page
    instructor.expect_complaint("422")
    instructor.log_in(INSTRUCTOR)
    page.goto("/revision/")
    page.locator("tr", has_text="Medio cierre").get_by_role("link").first.click()
    page.get_by_role("button", name="Pedir cambios").click()
    expect(page.locator("#general-error")).to_be_visible()
    page.get_by_role("link", name="Comentar la línea 2", exact=True).click()
    page.locator("form textarea[name=text]").first.fill("¿Y qué pasa con `idle_timeout`?")
    page.locator("form", has=page.locator("textarea[name=text]")).get_by_role("button").first.click()
    expect(page.locator(".thread")).to_contain_text("idle_timeout")
    page.get_by_label("Comentario general").fill("Falta explicar el plazo de fábrica.")
    instructor.shoot("revision")
    page.get_by_role("button", name="Pedir cambios").click()
    expect(page.locator(".messages, .toast").first).to_be_visible()

    student = visit()
    student.log_in(STUDENT)
    student.page.goto("/")
    student.shoot("inicio-con-entregas")
    student.page.goto(COURSE + LABS + "medio_cierre/")
    student.page.locator("#intentos").get_by_role("link", name=re.compile("Intento")).first.click()
    expect(student.page.locator("main")).to_contain_text("Falta explicar el plazo de fábrica.")
    expect(student.page.locator(".source .thread")).to_contain_text("idle_timeout")
    student.shoot("entrega")
    student.page.goto("/ejercicios/")
    student.shoot("ejercicios")


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
    type_in(admin, "textarea[name=source]", broken)
    page.get_by_label("Por qué").fill("Un diagrama")
    page.get_by_role("button", name="Publicar").click()
    refusal = page.locator("form .problems[role=alert]").first
    expect(refusal).to_contain_text(re.compile(rf"\b({line - 1}|{line}|{line + 1}|{line + 2})\b"))
    assert page.locator("textarea[name=source]").input_value().replace("\r\n", "\n") == broken
    admin.shoot("admin-error")

    type_in(admin, "textarea[name=source]", good)
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
