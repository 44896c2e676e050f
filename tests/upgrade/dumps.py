"""Rows of a version of the project, kept as JSON beside this file, and how they get back into a database.

`python manage.py shell -c "from tests.upgrade.dumps import write; write('0.1.0')"` keeps what the database of
that moment holds, with the migrations that it stands at. A dump is never written again.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from django.apps import apps as current_apps
from django.apps.registry import Apps
from django.db import connection, models, transaction
from django.db.migrations.executor import MigrationExecutor

FOLDER = Path(__file__).resolve().parent
APPS = ("formacion", "account", "courses", "exercises")


def write(version: str) -> None:
    """Keep all rows of our apps, and the migrations at which they stand."""
    leaves = MigrationExecutor(connection).loader.graph.leaf_nodes()
    rows = {
        model._meta.label: [_as_json(each) for each in model._base_manager.all()]
        for model in _models(current_apps)
    }
    kept = {"migrations": [list(leaf) for leaf in leaves if leaf[0] in APPS], "rows": rows}
    with gzip.GzipFile(FOLDER / f"{version}.json.gz", "wb", mtime=0) as file:
        file.write(json.dumps(kept, ensure_ascii=False, sort_keys=True).encode())


def read(version: str) -> dict[str, Any]:
    """What `write` kept: `migrations`, and `rows` by model label."""
    return json.loads(gzip.decompress((FOLDER / f"{version}.json.gz").read_bytes()))


def restore(dump: dict[str, Any]) -> None:
    """Bring the tables to the dump's migrations and write its rows, with the models as they were then."""
    targets = [tuple(target) for target in dump["migrations"]]
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    then = executor.loader.project_state(targets).apps
    with transaction.atomic():  # rows point at one another in circles: the database checks at the end
        for label, rows in dump["rows"].items():
            model = then.get_model(label)
            model._base_manager.bulk_create([_from_json(model, row) for row in rows])


def migrate_to_now() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def _models(registry: Apps) -> list[type[models.Model]]:
    return [
        model for app in APPS for model in registry.get_app_config(app).get_models() if not model._meta.proxy
    ]


def _as_json(row: models.Model) -> dict[str, Any]:
    return {
        field.attname: None if field.value_from_object(row) is None else field.value_to_string(row)
        for field in row._meta.concrete_fields
    }


def _from_json(model: type[models.Model], row: dict[str, Any]) -> models.Model:
    fields = {field.attname: field for field in model._meta.concrete_fields}
    return model(
        **{name: None if value is None else fields[name].to_python(value) for name, value in row.items()}
    )
