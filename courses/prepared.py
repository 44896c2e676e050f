"""Querysets whose SQL is compiled once and then only executed: for the two queries of every lesson page.

Building and compiling such a query takes Django ten times as long as the database needs to answer it. The
queryset stays the one place where the rule is written; only its compilation is kept.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet
from django.db.models.sql.compiler import SQLCompiler

# values that no query has by chance; where the compiled parameters hold one, the real value goes
WHOLE = -7_060_301
TEXT = "\x00prepared\x00"


class NotPreparable(TypeError):
    """A placeholder did not reach the SQL as one of its parameters."""


class Prepared:
    """Call it with `build`'s arguments by name: the same rows as `list(build(**values))`, in one query.

    `build` gets placeholders once and must only pass them on. What it decides on in Python goes into `variant`:
    each is compiled by itself. Values are whole numbers and strings. Safe between threads.
    """

    def __init__(self, build: Callable[..., QuerySet[Any]], **kinds: type) -> None:
        self._build = build
        self._placeholders = {
            name: WHOLE - number if kind is int else f"{TEXT}{name}"
            for number, (name, kind) in enumerate(kinds.items())
        }
        self._plans: dict[Any, tuple[QuerySet[Any], SQLCompiler, str, tuple[Any, ...]]] = {}

    def __call__(self, variant: Any = None, **values: int | str) -> list[Any]:
        queryset, compiler, sql, params = self._plan(variant)
        by_placeholder = {self._placeholders[name]: value for name, value in values.items()}
        bound = copy.copy(compiler)
        bound.connection = connections[queryset.db]
        bound.as_sql = lambda *_args, **_kwargs: (sql, tuple(by_placeholder.get(p, p) for p in params))
        # not copy.copy(queryset): that would ask the database
        run = object.__new__(type(queryset))
        run.__dict__.update(queryset.__dict__)
        run._query = copy.copy(queryset.query)
        run._query.get_compiler = lambda *_args, **_kwargs: bound
        return list(run._iterable_class(run))

    def _plan(self, variant: Any) -> tuple[QuerySet[Any], SQLCompiler, str, tuple[Any, ...]]:
        key = variant, connections[DEFAULT_DB_ALIAS].vendor
        if key not in self._plans:
            queryset = self._build(variant, **self._placeholders)
            compiler = queryset.query.get_compiler(queryset.db)
            sql, params = compiler.as_sql()
            missing = [name for name, value in self._placeholders.items() if value not in params]
            if missing:
                raise NotPreparable(", ".join(missing))
            self._plans[key] = (queryset, compiler, sql, tuple(params))
        return self._plans[key]
