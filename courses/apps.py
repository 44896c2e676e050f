"""What is taught, and how far each student is."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from courses.editors import make_editors


class CoursesConfig(AppConfig):
    name = "courses"
    verbose_name = _("Cursos")

    def ready(self) -> None:
        post_migrate.connect(make_editors, sender=self)
