"""Addresses to which forms are sent: who comes there otherwise is led to the page that holds the form."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods

View = Callable[[HttpRequest, int], HttpResponse]


def posted_from(page: Callable[[HttpRequest, int], str]) -> Callable[[View], View]:
    """The view gets POST alone. GET goes to `page(request, pk)`, with its query.

    A refused form is shown under the address to which it was sent. Links on it, a reload, the address bar:
    all ask for that address with GET, and mean the page.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, pk: int) -> HttpResponse:
            if request.method == "POST":
                return view(request, pk)
            query = request.META.get("QUERY_STRING", "")
            return HttpResponseRedirect(page(request, pk) + (f"?{query}" if query else ""))

        return require_http_methods(["GET", "HEAD", "POST"])(guarded)

    return decorate
