"""What is taught and how far each student is. Source texts live in FileRevision and nowhere else."""

from __future__ import annotations

import hashlib
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, FilteredRelation, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class CourseQuerySet(models.QuerySet["Course"]):
    def open(self) -> CourseQuerySet:
        """Courses whose outline anyone may see."""
        return self.filter(is_open=True)

    def visible_to(self, user: Any) -> CourseQuerySet:
        """Courses whose outline this person may see."""
        if user.is_authenticated and user.is_superuser:
            return self
        seen = Q(is_open=True)
        if user.is_authenticated:
            seen |= Q(pk__in=Enrollment.objects.active().filter(user=user).values("course"))
            seen |= Q(pk__in=Teaching.objects.filter(user=user).values("cohort__course"))
        return self.filter(seen)

    def read_by(self, user: Any) -> CourseQuerySet:
        """Courses whose lessons this person may open: they are in it, teach it, or own the site."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        return self.filter(
            Q(pk__in=Enrollment.objects.active().filter(user=user).values("course"))
            | Q(pk__in=Teaching.objects.filter(user=user).values("cohort__course"))
        )


class Course(models.Model):
    """A course: the projection of its `course.yml`, and the anchor of everything below it."""

    slug = models.SlugField(_("dirección"), max_length=80, unique=True)
    title = models.CharField(_("título"), max_length=200)
    summary = models.TextField(_("resumen"), blank=True)
    introduction_html = models.TextField(blank=True, editable=False)
    conventions_html = models.TextField(blank=True, editable=False)
    how_to_html = models.TextField(blank=True, editable=False)
    plan = models.JSONField(default=list, blank=True, editable=False)
    is_open = models.BooleanField(
        _("índice público"), default=True, help_text=_("Cualquiera ve la portada y el índice.")
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CourseQuerySet.as_manager()

    class Meta:
        verbose_name = _("curso")
        verbose_name_plural = _("cursos")
        ordering = ("title",)

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("course", args=[self.slug])

    @property
    def weeks(self) -> int:
        """How long its plan is; 0 where it has none."""
        return max((week for step in self.plan for week in step["weeks"]), default=0)


class Repository(models.Model):
    """A code base that the course cites, at one pinned commit."""

    course = models.ForeignKey(Course, models.PROTECT, verbose_name=_("curso"), related_name="repositories")
    name = models.SlugField(_("nombre"), max_length=40)
    title = models.CharField(_("título"), max_length=120, blank=True)
    url = models.URLField(_("dirección"))
    commit = models.CharField(_("commit"), max_length=40)
    version = models.CharField(_("versión"), max_length=40, blank=True)
    language = models.CharField(_("lenguaje"), max_length=40, blank=True)
    endings = models.JSONField(_("extensiones"), default=list)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("repositorio")
        verbose_name_plural = _("repositorios")
        ordering = ("course", "position")
        constraints = [models.UniqueConstraint(fields=["course", "name"], name="repository_once_a_course")]

    def __str__(self) -> str:
        return self.name


class Module(models.Model):
    """A module of the course, in the order of `course.yml`. `folder` names it for good."""

    course = models.ForeignKey(Course, models.PROTECT, verbose_name=_("curso"), related_name="modules")
    folder = models.CharField(_("carpeta"), max_length=120)
    title = models.CharField(_("título"), max_length=200)
    label = models.CharField(max_length=40, blank=True, help_text=_("«Módulo 1», o vacío."))
    position = models.PositiveSmallIntegerField()
    repository = models.ForeignKey(
        Repository,
        models.PROTECT,
        verbose_name=_("repositorio"),
        null=True,
        blank=True,
        related_name="+",
    )
    retired_at = models.DateTimeField(_("retirado"), null=True, blank=True)

    class Meta:
        verbose_name = _("módulo")
        verbose_name_plural = _("módulos")
        ordering = ("course", "position")
        constraints = [models.UniqueConstraint(fields=["course", "folder"], name="module_once_a_course")]

    def __str__(self) -> str:
        return f"{self.label}. {self.title}" if self.label else self.title


class CourseFile(models.Model):
    """A place of the course: a path, with pointers into its immutable revisions.

    `head` is what the editor shows, `published` what readers and export get, `imported` the base of a merge.
    All three empty: a document that the index announces and nobody has written yet.
    """

    course = models.ForeignKey(Course, models.PROTECT, verbose_name=_("curso"), related_name="files")
    path = models.CharField(_("ruta"), max_length=400)
    head = models.ForeignKey("FileRevision", models.PROTECT, null=True, blank=True, related_name="+")
    published = models.ForeignKey("FileRevision", models.PROTECT, null=True, blank=True, related_name="+")
    imported = models.ForeignKey("FileRevision", models.PROTECT, null=True, blank=True, related_name="+")
    publish_at = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("archivo")
        verbose_name_plural = _("archivos")
        ordering = ("course", "path")
        constraints = [models.UniqueConstraint(fields=["course", "path"], name="course_file_path_once")]

    def __str__(self) -> str:
        return self.path

    @property
    def address(self) -> str:
        """The path without `.md`: the document's address below its course."""
        return self.path.removesuffix(".md")


class FileRevision(models.Model):
    """One state of a file, for good: bytes, who, when, why. Never changed, never deleted."""

    class Origin(models.TextChoices):
        IMPORT = "import", _("importación")
        SITE = "site", _("sitio")
        REPIN = "repin", _("cambio de commit")

    file = models.ForeignKey(CourseFile, models.PROTECT, related_name="revisions")
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64, editable=False)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField(auto_now_add=True)
    why = models.CharField(max_length=300, blank=True)
    origin = models.CharField(max_length=8, choices=Origin)

    class Meta:
        verbose_name = _("revisión")
        verbose_name_plural = _("revisiones")
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.file.path} @{self.sha256[:8]}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("a FileRevision never changes")
        self.sha256 = hashlib.sha256(bytes(self.content)).hexdigest()
        super().save(*args, **kwargs)

    @property
    def text(self) -> str:
        return bytes(self.content).decode("utf-8")


class DocumentQuerySet(models.QuerySet["Document"]):
    def standing(self) -> DocumentQuerySet:
        """Not retired: written or announced."""
        return self.filter(retired_at=None)

    def published(self) -> DocumentQuerySet:
        """What can be opened and what fractions are taken of."""
        return self.standing().filter(file__published__isnull=False)

    def visible_to(self, user: Any) -> DocumentQuerySet:
        """Published documents that this person may open: students, instructors and admins of the course."""
        documents = self.published()
        if not user.is_authenticated:
            return documents.none()
        if user.is_superuser:
            return documents
        return documents.filter(
            Q(course__in=Enrollment.objects.active().filter(user=user).values("course"))
            | Q(course__in=Teaching.objects.filter(user=user).values("cohort__course"))
        )

    def with_reader(self, user: Any) -> DocumentQuerySet:
        """Each with its course, file and module, and what this person is to the course: see `enrollment_of`."""
        return self.annotate(
            mine=FilteredRelation(
                "course__enrollments",
                condition=Q(course__enrollments__user=user.pk, course__enrollments__is_active=True),
            ),
            is_taught=Exists(Teaching.objects.filter(user=user.pk, cohort__course=OuterRef("course"))),
        ).select_related("course", "file", "module__repository", "mine")


class Document(models.Model):
    """The projection of an `.md`: what readers get. `body_html` was written by `publishing`, nobody else."""

    class Kind(models.TextChoices):
        LESSON = "lesson", _("lección")
        EXERCISE = "exercise", _("ejercicio")
        RESOURCE = "resource", _("recurso")

    course = models.ForeignKey(Course, models.PROTECT, verbose_name=_("curso"), related_name="documents")
    file = models.OneToOneField(CourseFile, models.PROTECT, related_name="document")
    kind = models.CharField(max_length=8, choices=Kind)
    module = models.ForeignKey(
        Module,
        models.PROTECT,
        verbose_name=_("módulo"),
        null=True,
        blank=True,
        related_name="documents",
    )
    section = models.CharField(_("sección"), max_length=120, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    title = models.CharField(_("título"), max_length=200)
    short_title = models.CharField(max_length=80, blank=True)
    summary = models.TextField(_("resumen"), blank=True)
    minutes = models.PositiveIntegerField(_("minutos"), null=True, blank=True)
    objectives = models.JSONField(default=list, blank=True)
    requires = models.JSONField(default=list, blank=True)
    body_html = models.TextField(blank=True)
    contents = models.JSONField(default=list, blank=True)
    cited = models.JSONField(default=list, blank=True)
    words = models.PositiveIntegerField(default=0)
    renderer_version = models.CharField(max_length=64, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("documento")
        verbose_name_plural = _("documentos")
        ordering = ("course", "module__position", "position")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("document", args=[self.course.slug, self.file.address])

    def enrollment_of(self, user: Any) -> Enrollment | None:
        """The reader's enrolment in the course, without a query, on a document from `with_reader(user)`."""
        enrollment = getattr(self, "mine", None)
        if enrollment is not None:
            enrollment.user, enrollment.course = user, self.course
        return enrollment

    @property
    def is_written(self) -> bool:
        """False: the index announces it, it is in preparation."""
        return self.file.published_id is not None


class LessonManager(models.Manager.from_queryset(DocumentQuerySet)):
    def get_queryset(self) -> DocumentQuerySet:
        return super().get_queryset().filter(kind=Document.Kind.LESSON)


class Lesson(Document):
    objects = LessonManager()

    class Meta:
        proxy = True
        verbose_name = _("lección")
        verbose_name_plural = _("lecciones")


class ResourceManager(models.Manager.from_queryset(DocumentQuerySet)):
    def get_queryset(self) -> DocumentQuerySet:
        return super().get_queryset().filter(kind=Document.Kind.RESOURCE)


class Resource(Document):
    objects = ResourceManager()

    class Meta:
        proxy = True
        verbose_name = _("recurso")
        verbose_name_plural = _("recursos")


class CodeReference(models.Model):
    """One place of a pinned repository that a document cites, in the order of the text."""

    document = models.ForeignKey(Document, models.CASCADE, related_name="references")
    repository = models.ForeignKey(Repository, models.PROTECT, related_name="references")
    path = models.CharField(max_length=400)
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()
    symbol = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    line = models.PositiveIntegerField(help_text=_("Línea del documento."))

    class Meta:
        verbose_name = _("referencia a código")
        verbose_name_plural = _("referencias a código")
        ordering = ("document", "line", "pk")
        indexes = [models.Index(fields=["repository", "path", "first"], name="reference_by_place")]
        constraints = [
            models.CheckConstraint(
                condition=Q(first__gte=1, last__gte=F("first")), name="reference_lines_in_order"
            )
        ]

    def __str__(self) -> str:
        lines = f"{self.first}-{self.last}" if self.last != self.first else str(self.first)
        return f"{self.path}:{lines}"

    @property
    def is_locked(self) -> bool:
        """False: saved without a mirror at hand, *sin comprobar*."""
        return bool(self.sha256)


class Diagram(models.Model):
    """A drawn diagram, by the digest of its source, the renderer and the theme. A cache: it may be emptied."""

    digest = models.CharField(max_length=64, primary_key=True)
    drawing = models.JSONField()
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.digest[:12]


class Cohort(models.Model):
    """A group that takes a course together. Signing up joins the open cohort of the course, if there is one."""

    course = models.ForeignKey(Course, models.PROTECT, verbose_name=_("curso"), related_name="cohorts")
    name = models.CharField(_("nombre"), max_length=120)
    is_open = models.BooleanField(_("abierta a inscripciones"), default=False)
    starts_on = models.DateField(_("empieza"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("cohorte")
        verbose_name_plural = _("cohortes")
        ordering = ("course", "name")
        constraints = [
            models.UniqueConstraint(fields=["course", "name"], name="cohort_name_once_a_course"),
            models.UniqueConstraint(
                fields=["course"],
                condition=Q(is_open=True),
                name="one_open_cohort_a_course",
                violation_error_message=_("El curso ya tiene una cohorte abierta: cierra antes la otra."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} · {self.course}"


class EnrollmentQuerySet(models.QuerySet["Enrollment"]):
    def active(self) -> EnrollmentQuerySet:
        return self.filter(is_active=True)

    def counted(self) -> EnrollmentQuerySet:
        """Those that figures count: active, and not staff trying things out."""
        return self.active().filter(is_staff=False)

    def taught_by(self, user: Any) -> EnrollmentQuerySet:
        """Those whose work this person may see: their cohorts; an admin all."""
        if user.is_superuser:
            return self
        return self.filter(cohort__in=Teaching.objects.filter(user=user).values("cohort"))


class Enrollment(models.Model):
    """A person in a course. All work hangs on it; nothing that hangs on it is ever deleted."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("persona"), related_name="enrollments"
    )
    course = models.ForeignKey(Course, models.PROTECT, verbose_name=_("curso"), related_name="enrollments")
    cohort = models.ForeignKey(Cohort, models.PROTECT, verbose_name=_("cohorte"), related_name="enrollments")
    is_active = models.BooleanField(_("activa"), default=True)
    is_staff = models.BooleanField(_("del equipo"), default=False, help_text=_("Ninguna cifra la cuenta."))
    at = models.DateTimeField(_("desde"), auto_now_add=True)

    objects = EnrollmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("inscripción")
        verbose_name_plural = _("inscripciones")
        constraints = [models.UniqueConstraint(fields=["user", "course"], name="enrolled_once_a_course")]

    def __str__(self) -> str:
        return f"{self.user} · {self.cohort}"


class Teaching(models.Model):
    """An instructor of a cohort: may see the work of that cohort."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("persona"), related_name="teachings"
    )
    cohort = models.ForeignKey(Cohort, models.PROTECT, verbose_name=_("cohorte"), related_name="teachings")

    class Meta:
        verbose_name = _("docencia")
        verbose_name_plural = _("docencias")
        constraints = [models.UniqueConstraint(fields=["user", "cohort"], name="teaches_once_a_cohort")]

    def __str__(self) -> str:
        return f"{self.user} · {self.cohort}"


class Progress(models.Model):
    """How far one student is with one file: opened, done, points. `revision` is the text that they saw last."""

    enrollment = models.ForeignKey(Enrollment, models.PROTECT, related_name="progress")
    file = models.ForeignKey(CourseFile, models.PROTECT, related_name="progress")
    revision = models.ForeignKey(FileRevision, models.PROTECT, null=True, blank=True, related_name="+")
    opened_at = models.DateTimeField(null=True, blank=True)
    last_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    done_revision = models.ForeignKey(FileRevision, models.PROTECT, null=True, blank=True, related_name="+")
    points = models.FloatField(null=True, blank=True)
    max_points = models.FloatField(null=True, blank=True)
    points_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("progreso")
        verbose_name_plural = _("progreso")
        constraints = [models.UniqueConstraint(fields=["enrollment", "file"], name="progress_once_a_file")]

    def __str__(self) -> str:
        return f"{self.enrollment} · {self.file}"

    @property
    def is_done(self) -> bool:
        return self.done_at is not None
