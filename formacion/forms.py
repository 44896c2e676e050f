"""Forms of the account pages."""

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from courses.enrolling import join_open_cohorts
from formacion.models import User


class SignupForm(forms.Form):
    """What signing up asks for beside e-mail and password; allauth builds its form on it."""

    name = forms.CharField(label=_("Nombre"), max_length=120, widget=forms.TextInput({"autocomplete": "name"}))

    def signup(self, request: HttpRequest, user: User) -> None:
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])
        join_open_cohorts(user)
