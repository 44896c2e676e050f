"""axe-core on every page that is read, on those of an account and on the editor: nothing serious."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import ROOT, Visitor

pytestmark = pytest.mark.e2e

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
COURSE = "/cursos/proxies-envoy-ztunnel/"
LESSON = COURSE + "01_fundamentos_redes/02_tcp_udp/"
REFERENCE = ".prose a.ref"
OUTSIDE = (
    "/",
    COURSE,
    "/plan/",
    "/buscar/?q=tcp",
    "/cuenta/login/",
    "/cuenta/signup/",
    "/cuenta/password/reset/",
    "/cuenta/password/reset/done/",
    "/cuenta/confirm-email/",
    "/cuenta/confirm-email/no-vale/",
    "/no/hay/nada/",
)
INSIDE = (
    "/",
    COURSE,
    LESSON,
    "/plan/",
    "/buscar/?q=ventana",
    "/cuenta/ajustes/",
    "/cuenta/email/",
    "/cuenta/password/change/",
    "/cuenta/reauthenticate/",
    "/cuenta/logout/",
)
ADMIN = (
    "/admin/",
    "/admin/courses/course/",
    "/admin/courses/lesson/",
    "/admin/courses/coursefile/",
    "/admin/courses/coursefile/add/",
    "/admin/courses/enrollment/",
    "/admin/formacion/user/",
    "/admin/formacion/user/1/change/",
)
Visit = Callable[..., Visitor]


def faults(page: Page) -> list[str]:
    """What axe calls serious or critical on the page as it is, light and dark."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.evaluate(AXE.read_text())
        result: dict[str, Any] = page.evaluate(
            "axe.run(document, {resultTypes: ['violations'], preload: false})"
        )
        for violation in result["violations"]:
            if violation["impact"] in ("serious", "critical"):
                places = [node["target"] for node in violation["nodes"]]
                found.append(f"{scheme} {page.url}: {violation['id']} {places}")
    return found


def all_faults(visitor: Visitor, addresses: tuple[str, ...]) -> list[str]:
    found = []
    for address in addresses:
        visitor.page.goto(address)
        found += faults(visitor.page)
    return found


def test_pages_for_everyone(visit: Visit) -> None:
    visitor = visit()
    visitor.expect_complaint("404")
    assert all_faults(visitor, OUTSIDE) == []


def test_pages_for_students_and_the_panel_of_a_reference(visit: Visit) -> None:
    student = visit()
    student.log_in("estudiante@demo.test")
    student.page.wait_for_url("**/")
    assert all_faults(student, INSIDE) == []
    student.page.goto(LESSON)
    student.page.locator(REFERENCE).first.click()
    student.page.locator(".reference").wait_for()
    assert faults(student.page) == []
    student.page.goto(student.page.locator(REFERENCE).first.get_attribute("href"))
    assert faults(student.page) == []


def test_the_admin_and_every_page_around_a_source(visit: Visit) -> None:
    admin = visit()
    admin.expect_complaint("422")
    admin.log_in("admin@demo.test")
    admin.page.wait_for_url("**/")
    assert all_faults(admin, ADMIN) == []
    page = admin.page
    page.goto("/admin/courses/lesson/")
    page.get_by_role("link", name="Protocolos de transporte").click()
    page.get_by_role("button", name="Vista previa").click()
    page.locator("#vista article").wait_for()
    assert faults(page) == []
    page.locator("form").evaluate_all("forms => forms.forEach(form => form.noValidate = true)")
    page.get_by_role("button", name="Publicar").click()
    page.locator(".error").first.wait_for()
    assert faults(page) == []
    page.get_by_role("link", name="revisiones y diferencias").click()
    assert faults(page) == []
    page.locator("tbody a").first.click()
    assert faults(page) == []
