"""What is practised, graded and reviewed. Files are rows; a Grading is the only thing with a status."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from courses.models import CourseFile, Document, Enrollment, Teaching
from exercises.grading.report import Verdict


class Blob(models.Model):
    """Bytes by their SHA-256, stored once. Written by FileSet alone, never changed."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    content = models.BinaryField()
    size = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.sha256[:12]


class FileSetManager(models.Manager["FileSet"]):
    def store(self, files: Mapping[str, bytes]) -> FileSet:
        """The set of these files, made where it is not there yet. The same files are the same row."""
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        listing = "".join(f"{digests[name]}  {name}\n" for name in sorted(digests))
        digest = hashlib.sha256(listing.encode()).hexdigest()
        with transaction.atomic(savepoint=False):
            # held until whoever asks has pointed at it: the sweeper deletes what nobody points at
            found = self.select_for_update(no_key=True).filter(digest=digest).first()
            if found:
                return found
            contents = {digests[name]: content for name, content in files.items()}
            missing = sorted(contents)
            while missing:
                Blob.objects.bulk_create(
                    [Blob(sha256=d, content=contents[d], size=len(contents[d])) for d in missing],
                    ignore_conflicts=True,
                )
                held = Blob.objects.select_for_update(no_key=True).filter(pk__in=contents).order_by("pk")
                missing = sorted(set(contents) - set(held.values_list("pk", flat=True)))
            made, is_new = self.get_or_create(
                digest=digest, defaults={"size": sum(len(c) for c in files.values())}
            )
            if is_new:
                FileSetEntry.objects.bulk_create(
                    [FileSetEntry(files=made, name=n, blob_id=d) for n, d in sorted(digests.items())]
                )
        return made


class FileSet(models.Model):
    """Named files as one value, by digest: what a Draft holds, a Submission handed in, a Grading graded."""

    digest = models.CharField(max_length=64, unique=True)
    size = models.PositiveIntegerField()

    objects = FileSetManager()

    def __str__(self) -> str:
        return self.digest[:12]

    def contents(self) -> dict[str, bytes]:
        """Name -> bytes, in one query."""
        return {entry.name: bytes(entry.blob.content) for entry in self.entries.select_related("blob")}


class FileSetEntry(models.Model):
    files = models.ForeignKey(FileSet, models.CASCADE, related_name="entries")
    name = models.CharField(max_length=200)
    blob = models.ForeignKey(Blob, models.PROTECT, related_name="+")

    class Meta:
        ordering = ("name",)
        constraints = [models.UniqueConstraint(fields=["files", "name"], name="file_set_name_once")]

    def __str__(self) -> str:
        return self.name


class ExerciseQuerySet(models.QuerySet["Exercise"]):
    def standing(self) -> ExerciseQuerySet:
        return self.filter(retired_at=None, current__isnull=False)

    def graded_outside(self) -> ExerciseQuerySet:
        """Those with a page of their own: everything but quizzes."""
        return self.exclude(kind=Exercise.Kind.QUIZ)

    def visible_to(self, user: Any) -> ExerciseQuerySet:
        return self.standing().filter(document__in=Document.objects.visible_to(user))


class Exercise(models.Model):
    """Something to practise: an `.md` with its folder, or a `.quiz.yml` shown on its lesson's Document."""

    class Kind(models.TextChoices):
        PROGRAM = "program", _("programa")
        SERVICE = "service", _("servicio de red")
        ENVOY = "envoy", _("configuración de Envoy")
        EVIDENCE = "evidence", _("evidencias")
        QUIZ = "quiz", _("cuestionario")
        REVIEW = "review", _("revisión de una persona")

    file = models.OneToOneField(CourseFile, models.PROTECT, related_name="exercise")
    document = models.ForeignKey(Document, models.PROTECT, related_name="exercises")
    lesson = models.ForeignKey(Document, models.PROTECT, null=True, blank=True, related_name="practice")
    kind = models.CharField(max_length=8, choices=Kind)
    points = models.FloatField()
    current = models.ForeignKey("ExerciseVersion", models.PROTECT, null=True, blank=True, related_name="+")
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = ExerciseQuerySet.as_manager()

    class Meta:
        verbose_name = _("ejercicio")
        verbose_name_plural = _("ejercicios")
        ordering = ("document__module__position", "document__position", "pk")

    def __str__(self) -> str:
        return self.document.title

    def get_absolute_url(self) -> str:
        return self.document.get_absolute_url()


class ExerciseVersion(models.Model):
    """What grades, for good: digest -> exercise.yml as data, and the files (cases, checker). Immutable."""

    exercise = models.ForeignKey(Exercise, models.PROTECT, related_name="versions")
    digest = models.CharField(max_length=64)
    kind = models.CharField(max_length=8, choices=Exercise.Kind)
    points = models.FloatField()
    spec = models.JSONField()
    files = models.ForeignKey(FileSet, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("versión de ejercicio")
        verbose_name_plural = _("versiones de ejercicio")
        constraints = [models.UniqueConstraint(fields=["exercise", "digest"], name="exercise_version_once")]

    def __str__(self) -> str:
        return f"{self.exercise} @{self.digest[:8]}"

    @property
    def max_attempts(self) -> int | None:
        return self.spec.get("max_attempts")


class Question(models.Model):
    """A question of a quiz, by its id and the digest of its text and options; never deleted."""

    exercise = models.ForeignKey(Exercise, models.PROTECT, related_name="questions")
    question_id = models.CharField(max_length=80)
    digest = models.CharField(max_length=64)
    data = models.JSONField()
    prompt_html = models.TextField()
    parts_html = models.JSONField(default=dict)
    position = models.PositiveSmallIntegerField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("pregunta")
        verbose_name_plural = _("preguntas")
        ordering = ("exercise", "position")
        constraints = [
            models.UniqueConstraint(fields=["exercise", "question_id", "digest"], name="question_once")
        ]

    def __str__(self) -> str:
        return self.question_id


class Draft(models.Model):
    """What a student is writing. `revision` counts saves, so that a second tab notices the first."""

    enrollment = models.ForeignKey(Enrollment, models.PROTECT, related_name="drafts")
    exercise = models.ForeignKey(Exercise, models.PROTECT, related_name="drafts")
    files = models.ForeignKey(FileSet, models.PROTECT, related_name="+")
    revision = models.PositiveIntegerField(default=1)
    saved_at = models.DateTimeField()

    class Meta:
        verbose_name = _("borrador")
        verbose_name_plural = _("borradores")
        constraints = [models.UniqueConstraint(fields=["enrollment", "exercise"], name="one_draft")]

    def __str__(self) -> str:
        return f"{self.enrollment} · {self.exercise}"


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def by(self, user: Any) -> SubmissionQuerySet:
        """What this person handed in."""
        return self.filter(enrollment__user=user)

    def reviewable_by(self, user: Any) -> SubmissionQuerySet:
        """The work of this person's cohorts; an admin sees all."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        return self.filter(enrollment__cohort__in=Teaching.objects.filter(user=user).values("cohort"))

    def visible_to(self, user: Any) -> SubmissionQuerySet:
        """Their own, and those that they review."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        return self.filter(
            Q(enrollment__user=user)
            | Q(enrollment__cohort__in=Teaching.objects.filter(user=user).values("cohort"))
        )


class Submission(models.Model):
    """What was handed in. It never changes; `current` points at the settled Grading that counts."""

    enrollment = models.ForeignKey(Enrollment, models.PROTECT, related_name="submissions")
    exercise = models.ForeignKey(Exercise, models.PROTECT, related_name="submissions")
    version = models.ForeignKey(ExerciseVersion, models.PROTECT, related_name="+")
    files = models.ForeignKey(FileSet, models.PROTECT, related_name="+")
    number = models.PositiveIntegerField(_("intento"))
    request_key = models.UUIDField(help_text=_("De la página que la envió: un doble clic es una entrega."))
    handed_in_at = models.DateTimeField(_("entregada"))
    is_late = models.BooleanField(_("fuera de plazo"), default=False)
    current = models.ForeignKey("Grading", models.PROTECT, null=True, blank=True, related_name="+")

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        verbose_name = _("entrega")
        verbose_name_plural = _("entregas")
        ordering = ("-handed_in_at", "-pk")
        constraints = [
            models.UniqueConstraint(fields=["enrollment", "exercise", "number"], name="attempt_number_once"),
            models.UniqueConstraint(fields=["enrollment", "request_key"], name="handed_in_once"),
        ]
        indexes = [models.Index(fields=["exercise", "-handed_in_at"], name="submission_by_exercise")]

    def __str__(self) -> str:
        return f"{self.exercise} · {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("submission", args=[self.pk])


class GradingQuerySet(models.QuerySet["Grading"]):
    def queued(self) -> GradingQuerySet:
        return self.filter(status=Grading.Status.QUEUED)

    def running(self) -> GradingQuerySet:
        """Those that a worker is grading, or was when it died: see `lapsed`."""
        return self.filter(status=Grading.Status.GRADING)

    def lapsed(self) -> GradingQuerySet:
        """Those whose worker has not been heard of for the time of a lease."""
        return self.running().filter(lease_until__lt=Now())

    def unsettled(self) -> GradingQuerySet:
        return self.filter(status__in=[Grading.Status.QUEUED, Grading.Status.GRADING])

    def counting(self) -> GradingQuerySet:
        """Those that may become the current one of their submission."""
        return self.filter(status=Grading.Status.GRADED).exclude(
            purpose__in=[Grading.Purpose.TRIAL, Grading.Purpose.DRY_RUN]
        )


class Grading(models.Model):
    """One run, or the points that a person gave. A regrade is a new one; nothing is overwritten."""

    class Purpose(models.TextChoices):
        LIVE = "live", _("entrega")
        TRIAL = "trial", _("prueba")
        REGRADE = "regrade", _("nueva corrección")
        DRY_RUN = "dry_run", _("ensayo")
        MANUAL = "manual", _("de una persona")

    class Status(models.TextChoices):
        QUEUED = "queued", _("en cola")
        GRADING = "grading", _("corrigiendo")
        GRADED = "graded", _("corregida")
        FAILED = "failed", _("fallo nuestro")
        CANCELLED = "cancelled", _("retirada")

    class Lane(models.IntegerChoices):
        LIVE = 0
        TRIAL = 1
        REGRADE = 2

    VERDICTS = [(verdict.value, verdict.value) for verdict in Verdict]

    enrollment = models.ForeignKey(Enrollment, models.PROTECT, related_name="gradings")
    version = models.ForeignKey(ExerciseVersion, models.PROTECT, related_name="gradings")
    files = models.ForeignKey(FileSet, models.PROTECT, related_name="+")
    submission = models.ForeignKey(Submission, models.PROTECT, null=True, blank=True, related_name="gradings")
    purpose = models.CharField(max_length=8, choices=Purpose)
    status = models.CharField(max_length=9, choices=Status, default=Status.QUEUED)
    lane = models.PositiveSmallIntegerField(choices=Lane)
    step = models.CharField(max_length=80, blank=True, help_text=_("Qué hace ahora, en palabras."))
    queued_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    token = models.UUIDField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    worker = models.CharField(max_length=120, blank=True)
    verdict = models.CharField(max_length=16, choices=VERDICTS, blank=True)
    score = models.FloatField(null=True, blank=True)
    max_score = models.FloatField(null=True, blank=True)
    report = models.JSONField(default=dict, blank=True)
    fault = models.TextField(blank=True, help_text=_("Qué falló, para el equipo."))
    wall_seconds = models.FloatField(null=True, blank=True)
    memory_bytes = models.BigIntegerField(null=True, blank=True)
    sandbox_digest = models.CharField(max_length=64, blank=True)
    tools = models.JSONField(default=dict, blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.TextField(blank=True)
    rubric = models.JSONField(default=dict, blank=True)

    objects = GradingQuerySet.as_manager()

    class Meta:
        verbose_name = _("corrección")
        verbose_name_plural = _("correcciones")
        ordering = ("-queued_at", "-pk")
        constraints = [
            models.CheckConstraint(
                condition=Q(purpose="trial", submission__isnull=True)
                | (~Q(purpose="trial") & Q(submission__isnull=False)),
                name="only_a_trial_has_no_submission",
            ),
            models.CheckConstraint(
                condition=(Q(status="graded") & ~Q(verdict="") & Q(settled_at__isnull=False))
                | (~Q(status="graded") & Q(verdict=""))
                | Q(status="cancelled", purpose="manual"),
                name="graded_exactly_with_a_verdict",
            ),
            models.CheckConstraint(
                condition=Q(status="grading", token__isnull=False, lease_until__isnull=False)
                | ~Q(status="grading"),
                name="graded_under_a_lease",
            ),
            models.CheckConstraint(
                condition=Q(purpose="manual", person__isnull=False) | ~Q(purpose="manual"),
                name="manual_points_from_a_person",
            ),
        ]
        indexes = [
            models.Index(
                fields=["lane", "queued_at", "id"], condition=Q(status="queued"), name="grading_queue"
            ),
            models.Index(fields=["lease_until"], condition=Q(status="grading"), name="grading_leases"),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} {self.pk}: {self.status}"

    @property
    def is_settled(self) -> bool:
        return self.status not in {self.Status.QUEUED, self.Status.GRADING}


class Answer(models.Model):
    """One answer to one question, in an attempt or in the daily review. Append-only."""

    enrollment = models.ForeignKey(Enrollment, models.PROTECT, related_name="answers")
    exercise = models.ForeignKey(Exercise, models.PROTECT, related_name="answers")
    question_id = models.CharField(max_length=80)
    question_digest = models.CharField(max_length=64)
    answer = models.JSONField()
    right = models.BooleanField()
    rating = models.PositiveSmallIntegerField(null=True, blank=True)
    at = models.DateTimeField()
    submission = models.ForeignKey(Submission, models.PROTECT, null=True, blank=True, related_name="answers")

    class Meta:
        verbose_name = _("respuesta")
        verbose_name_plural = _("respuestas")
        indexes = [models.Index(fields=["enrollment", "question_id", "at"], name="answer_by_question")]

    def __str__(self) -> str:
        return f"{self.question_id}: {self.right}"


class Review(models.Model):
    """What a person decided about one Submission: no points, those are a manual Grading."""

    class Decision(models.TextChoices):
        WAITING = "waiting", _("espera revisión")
        APPROVED = "approved", _("aprobada")
        CHANGES_WANTED = "changes_wanted", _("pide cambios")

    submission = models.OneToOneField(Submission, models.PROTECT, related_name="review")
    decision = models.CharField(max_length=16, choices=Decision, default=Decision.WAITING)
    revision = models.PositiveIntegerField(default=0, help_text=_("Cuenta los cambios."))
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    held_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True, help_text=_("Cuándo lo vio quien entregó."))

    class Meta:
        verbose_name = _("revisión")
        verbose_name_plural = _("revisiones")

    def __str__(self) -> str:
        return f"{self.submission}: {self.get_decision_display()}"


class ReviewComment(models.Model):
    """A comment on a submission, on a line of one of its files, or an answer. A draft is its author's alone."""

    review = models.ForeignKey(Review, models.PROTECT, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=200, blank=True)
    line = models.PositiveIntegerField(null=True, blank=True)
    reply_to = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="replies")
    text = models.TextField()
    html = models.TextField(editable=False)
    at = models.DateTimeField()
    is_draft = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("comentario")
        verbose_name_plural = _("comentarios")
        ordering = ("at", "pk")
        constraints = [
            models.CheckConstraint(
                condition=Q(line__isnull=True) | ~Q(file_name=""), name="a_line_belongs_to_a_file"
            )
        ]

    def __str__(self) -> str:
        return self.text[:60]


class WorkerQuerySet(models.QuerySet["Worker"]):
    def alive(self) -> WorkerQuerySet:
        """Those heard of within three heartbeats, by the database's clock."""
        return self.filter(beat_at__gt=Now() - timedelta(seconds=3 * settings.HEARTBEAT_SECONDS))

    def grading(self) -> WorkerQuerySet:
        """Those that answer and can run a jail."""
        return self.alive().filter(can_grade=True)


class Worker(models.Model):
    """A grading worker's heartbeat: what it can grade, or why it cannot. Written by the worker alone."""

    name = models.CharField(max_length=120, primary_key=True)
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()
    slots = models.PositiveSmallIntegerField(default=1)
    can_grade = models.BooleanField(default=False)
    reason = models.TextField(blank=True)
    warnings = models.JSONField(default=list, blank=True)
    tools = models.JSONField(default=dict, blank=True)
    sandbox_digest = models.CharField(max_length=64, blank=True)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        verbose_name = _("corrector")
        verbose_name_plural = _("correctores")

    def __str__(self) -> str:
        return self.name
