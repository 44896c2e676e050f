"""The entry point of a WSGI server."""

import os

from django.core.wsgi import get_wsgi_application

from formacion.celery import app as queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "formacion.settings")
application = get_wsgi_application()

# what the first submission of a process would otherwise wait for: the broker's client is slow to import
queue.connection_for_write().get_transport_cls()
