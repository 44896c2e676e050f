"""The Celery application: how the queue wakes workers up. What a woken worker does is in exercises.judging."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "formacion.settings")

app = Celery("formacion")
app.config_from_object("formacion.celery_configuration")
