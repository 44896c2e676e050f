"""What is practised, graded and reviewed."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from courses import extensions


class ExercisesConfig(AppConfig):
    name = "exercises"
    verbose_name = _("Ejercicios")

    def ready(self) -> None:
        # models exist only now
        from exercises.extensions import ExercisePoints, Practice
        from exercises.importing import ExerciseFolders, Quizzes
        from exercises.views import ExercisePage

        extensions.file_kinds += [ExerciseFolders(), Quizzes()]
        extensions.exercise_pages.append(ExercisePage())
        extensions.lesson_parts.append(Practice())
        extensions.counted_results.append(ExercisePoints())
