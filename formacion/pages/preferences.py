"""What a person sets for themselves: name, look, keys, time zone, and where the code lies on their machine."""

from __future__ import annotations

import re
import zoneinfo
from functools import cache
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from courses.models import Course, Repository
from formacion.models import User

ABSOLUTE = re.compile(r"/|[A-Za-z]:[\\/]|\\\\")


@cache
def time_zones() -> list[tuple[str, str]]:
    """Every place of the tz database, by name; the technical ones are left out."""
    places = sorted(
        zone for zone in zoneinfo.available_timezones() if "/" in zone and not zone.startswith("Etc/")
    )
    return [(zone, zone.replace("_", " ")) for zone in places]


class PreferencesForm(forms.ModelForm):
    """The preferences of an account, with a checkout for each repository of the person's courses."""

    class Meta:
        model = User
        fields = ["name", "theme", "time_zone", "shortcuts", "editor"]
        labels = {"editor": gettext_lazy("Editor en el que se abre el código citado")}
        help_texts = {
            "name": gettext_lazy("Así te ven quienes revisan tus entregas."),
            "shortcuts": gettext_lazy("«/» busca, «n» y «p» pasan a la lección siguiente y a la anterior."),
        }
        widgets = {"name": forms.TextInput({"autocomplete": "name"})}

    def __init__(self, *args: Any, repositories: list[Repository], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True
        self.fields["time_zone"] = forms.ChoiceField(
            label=_("Zona horaria"),
            required=False,
            choices=[("", _("La del sitio (%(zone)s)") % {"zone": settings.TIME_ZONE}), *time_zones()],
            help_text=_("En ella se muestran las fechas y los plazos."),
        )
        self.fields["editor"].choices = [(value, label) for value, label in User.Editor.choices]
        self._names = [repository.name for repository in repositories]
        for repository in repositories:
            self.fields[f"checkout_{repository.name}"] = forms.CharField(
                label=_("Carpeta de %(repository)s en tu máquina") % {"repository": repository.name},
                help_text=_(
                    "La raíz de tu copia, en el commit %(commit)s. Por ejemplo, /home/ana/src/%(repository)s"
                )
                % {"commit": repository.commit[:7], "repository": repository.name},
                required=False,
                max_length=400,
                initial=self.instance.checkouts.get(repository.name, ""),
                widget=forms.TextInput(
                    {"spellcheck": "false", "autocomplete": "off", "autocapitalize": "none"}
                ),
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for name in self._names:
            checkout = cleaned.get(f"checkout_{name}", "")
            if checkout and not ABSOLUTE.match(checkout):
                self.add_error(
                    f"checkout_{name}",
                    _("Escribe la ruta entera: empieza por «/», o por una unidad como «C:\\», y no por «~»."),
                )
        return cleaned

    def save(self, commit: bool = True) -> User:
        # what belongs to repositories of other courses stays
        kept = {name: path for name, path in self.instance.checkouts.items() if name not in self._names}
        given = {name: self.cleaned_data[f"checkout_{name}"] for name in self._names}
        self.instance.checkouts = kept | {name: path for name, path in given.items() if path}
        return super().save(commit)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    # a row of its own: a refused form must not change what the page says of the person
    person = User.objects.get(pk=request.user.pk)
    form = PreferencesForm(request.POST or None, instance=person, repositories=_repositories(person))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Preferencias guardadas."))
        return redirect("preferences")
    return render(request, "account/preferences.html", {"form": form}, status=422 if form.errors else 200)


def _repositories(user: User) -> list[Repository]:
    """Those that the person's courses cite; the same name in two courses is one checkout."""
    found = Repository.objects.filter(course__in=Course.objects.read_by(user)).order_by("course", "position")
    return list({repository.name: repository for repository in found}.values())
