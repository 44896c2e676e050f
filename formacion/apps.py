"""The composition root as a Django app: the user, the pages that join the other two apps, the commands."""

from django.apps import AppConfig


class FormacionConfig(AppConfig):
    name = "formacion"
    verbose_name = "Formación"
