"""The group of people who edit content: what they may do in the admin. No personal data."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed_apps
from django.contrib.auth.management import create_permissions

EDITORS = "Editores"
MAY = (
    "view_course",
    "view_module",
    "view_lesson",
    "change_lesson",
    "view_resource",
    "change_resource",
    "view_coursefile",
    "add_coursefile",
    "change_coursefile",
)


def make_editors(sender: AppConfig, *, using: str, apps: Any = installed_apps, **told: Any) -> None:
    """After every migration: the group is there and may do at least this. What was added by hand stays.

    `flush` sends the same signal without `apps`.
    """
    try:
        group_model = apps.get_model("auth", "Group")
        permission_model = apps.get_model("auth", "Permission")
    except LookupError:  # on the way to a state in which there is no auth yet
        return
    create_permissions(sender, verbosity=0, using=using, apps=apps)
    group, _is_new = group_model.objects.using(using).get_or_create(name=EDITORS)
    permissions = permission_model.objects.using(using).filter(
        content_type__app_label=sender.label, codename__in=MAY
    )
    group.permissions.add(*permissions)
