"""gunicorn, for `manage.py run` and for production alike."""

import logging
import multiprocessing
import os
from typing import Any

from formacion import env

loopback = f"127.0.0.1:{os.environ.get('PORT') or 8000}"
# with demo accounts, whose password everybody knows, nobody outside this machine is let in
bind = loopback if env.flag("DEMO") else env.text("BIND", loopback)
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS") or min(4, multiprocessing.cpu_count()))
threads = int(os.environ.get("WEB_THREADS") or 4)
preload_app = True
timeout = 60
graceful_timeout = 5
keepalive = 5
control_socket_disable = True
max_requests = 20_000
max_requests_jitter = 2_000
loglevel = os.environ.get("LOG_LEVEL", "warning").lower()


def on_starting(server: Any) -> None:
    """Write lines as the rest of the site does; whoever keeps the log adds the time."""
    for handler in server.log.error_log.handlers:
        handler.setFormatter(logging.Formatter(env.log_line()))
