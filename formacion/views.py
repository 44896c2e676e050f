"""Pages that belong to no app: the refusal of a form without its token, the theme."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from formacion.models import User


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form came without a valid token, mostly because the session ended: say so, lose nothing."""
    return render(request, "403_csrf.html", status=403)


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light or dark: with the account where there is one, else in a cookie."""
    chosen = request.POST.get("theme", "")
    if chosen not in User.Theme.values:
        return HttpResponse(status=400)
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        back = "/"
    response = HttpResponse(status=204) if request.headers.get("HX-Request") else HttpResponseRedirect(back)
    if request.user.is_authenticated:
        User.objects.filter(pk=request.user.pk).update(theme=chosen)
    else:
        response.set_cookie("theme", chosen, max_age=60 * 60 * 24 * 365, samesite="Lax")
    return response
