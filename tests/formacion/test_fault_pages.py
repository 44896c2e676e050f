"""The pages of faults say what happened and what to do, in the frame of the site."""

import pytest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.views import defaults


def test_the_page_of_a_fault_of_ours_needs_no_database():
    # not marked django_db: a query would raise
    response = defaults.server_error(RequestFactory().get("/"))
    assert response.status_code == 500
    assert "El servidor ha fallado" in response.content.decode()


@pytest.mark.django_db
def test_a_missing_page_is_said_to_be_missing(client: Client):
    response = client.get("/no/existe/")
    assert response.status_code == 404
    assert "Aquí no hay ninguna página" in response.content.decode()


@pytest.mark.django_db
def test_a_form_without_its_token_loses_nothing_and_says_what_to_do():
    response = Client(enforce_csrf_checks=True).post("/tema/", {"theme": "dark"})
    assert response.status_code == 403
    assert "El formulario ha caducado" in response.content.decode()


@pytest.mark.parametrize(
    ("template", "heading"),
    [("403.html", "Esto no te está permitido"), ("429.html", "Demasiados intentos seguidos")],
)
def test_refusals_have_a_page(template: str, heading: str):
    html = render_to_string(template)
    assert f"<h1>{heading}</h1>" in html
    assert 'href="/"' in html
