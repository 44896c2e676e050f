"""What every template gets beside Django's own."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from courses.models import Teaching


def site(request: HttpRequest) -> dict[str, object]:
    """`may_review` costs a query where the page's own view has not said it."""
    return {"may_review": SimpleLazyObject(lambda: _teaches(request))}


def _teaches(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)
    return user is not None and user.is_authenticated and Teaching.objects.filter(user=user).exists()
