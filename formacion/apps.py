"""The composition root as a Django app: the user, the pages that join the other two apps, the commands."""

from django.apps import AppConfig

from formacion import celery, checks, wording


class FormacionConfig(AppConfig):
    name = "formacion"
    verbose_name = "Formación"
    # tasks of the apps below find the application that sends them as the default one
    queue = celery.app
    # imported for what it registers
    checks = checks

    def ready(self) -> None:
        wording.use_ours()
