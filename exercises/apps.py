"""What is practised, graded and reviewed."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from courses import extensions


class ExercisesConfig(AppConfig):
    name = "exercises"
    verbose_name = _("Ejercicios")

    def ready(self) -> None:
        from exercises.importing import ExerciseFolders, Quizzes  # models exist only now

        extensions.file_kinds += [ExerciseFolders(), Quizzes()]
