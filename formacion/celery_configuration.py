"""Celery's settings, made of Django's. Read when the application first needs them."""

from __future__ import annotations

import math
import sys

from django.conf import settings

from formacion.broker import broker_url as url_of_the_broker
from formacion.broker import is_amqp
from formacion.broker import transport_options as options_of

broker_url = url_of_the_broker()
# a bell that nobody acknowledged is heard again when no grading can still be running
broker_transport_options = options_of(broker_url, 2 * settings.GRADING_SECONDS)
broker_connection_retry_on_startup = True
broker_connection_max_retries = None

task_default_queue = "grading"
task_default_queue_type = "quorum" if is_amqp(broker_url) else "classic"
worker_detect_quorum_queues = True

imports = ("exercises.tasks", "exercises.worker")
task_ignore_result = True
task_acks_late = True
task_reject_on_worker_lost = True
task_time_limit = math.ceil(settings.GRADING_SECONDS)
worker_prefetch_multiplier = 1
worker_concurrency = settings.GRADING_SLOTS or None
# the row tells what became of a grading: nobody waits for the result of a process that died
worker_lost_wait = 2.0
worker_max_tasks_per_child = 2000
# connections to the database outlive a task; exercises.worker closes those that broke
CELERY_DB_REUSE_MAX = sys.maxsize
worker_hijack_root_logger = False
worker_redirect_stdouts = False
worker_send_task_events = False

enable_utc = True
timezone = settings.TIME_ZONE
