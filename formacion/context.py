"""What every template gets beside Django's own."""

from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    """Nothing that costs a query."""
    return {"site_name": "Formación"}
