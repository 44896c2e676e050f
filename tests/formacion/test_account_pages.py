"""The pages around an account: in our frame, in Spanish; what Django knows of a field is said to everyone."""

import re
from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client

from tests import factories

PASSWORD = "mirlo-cruza-tejado-7"
pytestmark = pytest.mark.django_db

ENGLISH = re.compile(r"\b(Sign|Password|Email|Log ?in|Forgot|Remember|Confirm|Change|Your|Please)\b")


def visible_text(html: str) -> str:
    body = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", html, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


@pytest.fixture
def member(client: Client) -> Client:
    user = factories.make_user("ana@ejemplo.test", name="Ana")
    user.set_password(PASSWORD)
    user.save()
    client.force_login(user)
    return client


def assert_ours(html: str) -> None:
    """In the frame, Spanish, and possible under the strict policy."""
    assert '<html lang="es"' in html
    assert 'class="skip"' in html
    assert ENGLISH.findall(visible_text(html)) == []
    assert not re.search(r"<[^>]+\sstyle=", html)
    assert not re.search(r"<script(?![^>]*\ssrc=)", html)
    assert not re.search(r"<[^>]+\son[a-z]+=", html)


@pytest.mark.parametrize(
    ("path", "heading"),
    [
        ("login/", "Entrar"),
        ("signup/", "Crear una cuenta"),
        ("password/reset/", "Recuperar la contraseña"),
        ("password/reset/done/", "Mira tu correo"),
        ("password/reset/key/done/", "Contraseña cambiada"),
        ("confirm-email/", "Mira tu correo"),
        ("confirm-email/no-vale/", "El enlace ya no vale"),
        ("inactive/", "Esta cuenta está desactivada"),
    ],
)
def test_pages_for_who_is_not_signed_in(client: Client, path: str, heading: str):
    response = client.get(f"/cuenta/{path}")
    assert response.status_code == 200
    html = response.content.decode()
    assert f"<h1>{heading}</h1>" in html
    assert_ours(html)


@pytest.mark.parametrize(
    ("path", "heading"),
    [("email/", "Tu cuenta"), ("password/change/", "Tu cuenta"), ("logout/", "¿Quieres salir?")],
)
def test_pages_of_the_own_account(member: Client, path: str, heading: str):
    response = member.get(f"/cuenta/{path}")
    assert response.status_code == 200
    html = response.content.decode()
    assert f"<h1>{heading}</h1>" in html
    assert_ours(html)


def test_an_error_is_tied_to_its_field(client: Client):
    html = client.post("/cuenta/password/reset/", {"email": "esto no"}).content.decode()
    field = re.search(r"<input[^>]*name=\"email\"[^>]*>", html)[0]
    assert 'aria-invalid="true"' in field
    described = re.search(r'aria-describedby="([^"]+)"', field)[1].split()
    for name in described:
        assert f'id="{name}"' in html
    assert_ours(html)


def test_the_label_is_not_repeated_as_a_placeholder(client: Client):
    assert b"placeholder" not in client.get("/cuenta/signup/").content


def test_a_refused_login_says_so_above_the_form(client: Client):
    response = client.post("/cuenta/login/", {"login": "nadie@ejemplo.test", "password": "no"})
    html = response.content.decode()
    assert 'class="problems" role="alert"' in html
    assert_ours(html)


def test_the_reset_link_leads_to_a_form_of_ours(client: Client):
    user = factories.make_user("blas@ejemplo.test")
    user.set_password(PASSWORD)
    user.save()
    client.post("/cuenta/password/reset/", {"email": "blas@ejemplo.test"})
    link = re.search(r"/cuenta/password/reset/key/\S+", mail.outbox[0].body)[0]
    html = client.get(link, follow=True).content.decode()
    assert "<h1>Elegir otra contraseña</h1>" in html
    assert_ours(html)


def test_the_menu_offers_the_way_out_as_a_form(member: Client):
    html = member.get("/cuenta/email/").content.decode()
    menu = html[html.index('id="menu-cuenta"') :]
    assert '<form method="post" action="/cuenta/logout/">' in menu
    assert "Administración" not in menu


def test_the_menu_of_staff_leads_to_the_admin(client: Client):
    client.force_login(factories.make_user("olga@ejemplo.test", is_staff=True))
    html = client.get("/cuenta/email/").content.decode()
    assert '<a href="/admin/">' in html[html.index('id="menu-cuenta"') :]


def test_the_stored_theme_is_on_the_page_from_the_start(client: Client):
    client.force_login(factories.make_user("ana@ejemplo.test", theme="dark"))
    assert b'<html lang="es" data-theme="dark">' in client.get("/cuenta/email/").content


def test_the_cookie_keeps_the_theme_of_who_is_not_signed_in(client: Client):
    client.post("/tema/", {"theme": "light"})
    assert b'<html lang="es" data-theme="light">' in client.get("/cuenta/login/").content


def test_a_forged_theme_cookie_stays_inside_its_attribute(client: Client):
    client.cookies["theme"] = '"><script>x'
    assert b"<script>x" not in client.get("/cuenta/login/").content


def test_shortcuts_are_off_for_who_switched_them_off(client: Client):
    client.force_login(factories.make_user("ana@ejemplo.test", shortcuts=False))
    assert b'<body data-shortcuts="off"' in client.get("/cuenta/email/").content


# *usted*, and the words that only the translations of others use
STRANGE = re.compile(
    r"\b(usted|su (?:contraseña|correo|cuenta|dirección)|introduzca|escriba|asegúrese|escoja)\b", re.I
)


def test_a_password_that_will_not_do_is_explained_as_we_speak(client: Client):
    answer = client.post(
        "/cuenta/signup/",
        {"email": "no es", "name": "x" * 200, "password1": "123", "password2": "321"},
    )
    text = visible_text(answer.content.decode())
    assert "Al menos 10 caracteres." in text
    assert "Escribe una dirección de correo válida." in text
    assert "Como mucho 120 caracteres: tiene 200." in text
    assert STRANGE.findall(text) == []


def test_two_passwords_that_differ_are_told_as_we_speak(client: Client, member: Client):
    new = {"password1": PASSWORD, "password2": PASSWORD + "x"}
    for visitor, page in ((member, "password/change/"), (Client(), "signup/")):
        html = visitor.post(f"/cuenta/{page}", {"email": "n@ejemplo.test", "name": "N", **new}).content.decode()
        assert "No es igual que la anterior." in html
        assert STRANGE.findall(visible_text(html)) == []


def test_whoever_changes_the_password_comes_in_again_and_lands_at_home(member: Client):
    new = PASSWORD + "-otra"
    answer = member.post(
        "/cuenta/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new}
    )
    assert answer.headers["Location"] == "/cuenta/login/"


def sign_up(client: Client, email: str) -> str:
    client.post(
        "/cuenta/signup/", {"email": email, "name": "Ana", "password1": PASSWORD, "password2": PASSWORD}
    )
    return mail.outbox[-1].body


def reset(client: Client, email: str) -> str:
    client.post("/cuenta/password/reset/", {"email": email})
    return mail.outbox[-1].body


@pytest.mark.parametrize(
    ("send", "email", "link"),
    [
        (sign_up, "nueva@ejemplo.test", "/cuenta/confirm-email/"),
        (sign_up, "Blas@Ejemplo.TEST", "/cuenta/password/reset/"),
        (reset, "blas@ejemplo.test", "/cuenta/password/reset/key/"),
        (reset, "nadie@ejemplo.test", "/cuenta/signup/"),
    ],
)
def test_our_mail_is_short_and_speaks_as_the_site_does(
    client: Client, send: Callable[[Client, str], str], email: str, link: str
):
    factories.make_user("blas@ejemplo.test", name="Blas <b>")
    body = send(client, email)
    assert f"http://testserver{link}" in body
    assert body.startswith("Alguien, seguramente tú")
    assert body.rstrip().endswith("Formación")
    assert STRANGE.findall(body + mail.outbox[-1].subject) == []
    assert ENGLISH.findall(body) == []
    assert mail.outbox[-1].subject.startswith("[Formación] ")


def test_the_sixth_wrong_password_is_answered_with_what_to_do(client: Client):
    for _attempt in range(6):
        answer = client.post("/cuenta/login/", {"login": "blas@ejemplo.test", "password": "no es esta"})
    assert "espera unos minutos" in answer.content.decode()
