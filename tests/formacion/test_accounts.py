"""People log in by e-mail address."""

import pytest
from django.db import IntegrityError, transaction

from formacion.models import User
from tests import factories


@pytest.mark.django_db
def test_the_address_is_stored_in_lower_case() -> None:
    assert factories.make_user("Ana.Ruiz@Ejemplo.TEST").email == "ana.ruiz@ejemplo.test"


@pytest.mark.django_db
def test_an_address_belongs_to_one_account_whatever_its_case() -> None:
    factories.make_user("ana@ejemplo.test")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email="ANA@ejemplo.test")


@pytest.mark.django_db
def test_an_account_without_an_address_is_refused() -> None:
    with pytest.raises(ValueError, match="address"):
        User.objects.create_user("")
