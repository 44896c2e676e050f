"""The pages on which staff edit the source of a file: text, preview, history, comparison.

They belong to the admin, which says who may come in; what is saved, and whether, is `publishing`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courses import publishing
from courses.comparing import Line, compare
from courses.extensions import Problem
from courses.models import Course, CourseFile, Document, FileRevision
from courses.previewing import preview
from courses.source import MAX_FILE_BYTES, Refused

LANGUAGES = {
    ".md": "markdown",
    ".yml": "yaml",
    ".yaml": "yaml",
    ".py": "python",
    ".cc": "cpp",
    ".h": "cpp",
    ".rs": "rust",
    ".java": "java",
    ".go": "go",
}
BUSY = _("Otras personas están cambiando el curso ahora mismo: vuelve a guardar.")


@dataclass(frozen=True, slots=True)
class Places:
    """Addresses of the pages around one file, and whether this person may write."""

    edit: str
    history: str
    preview: str
    revision: str  # without the number, which follows
    listing: str
    listing_title: str
    may_write: bool

    def of_revision(self, revision: FileRevision) -> str:
        return f"{self.revision}{revision.pk}/"


class SourceForm(forms.Form):
    """The text of a file, why it changes, and the revision that the author was shown."""

    source = forms.CharField(label=_("Texto"), strip=False, required=False, widget=forms.Textarea)
    why = forms.CharField(
        label=_("Por qué"),
        max_length=300,
        help_text=_("Una frase para el historial: qué cambia."),
        error_messages={"required": _("Di en una frase qué cambia y por qué.")},
    )
    base = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, path: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].widget.attrs |= {
            "data-editor": language_of(path),
            "rows": 30,
            "spellcheck": "false",
            "wrap": "soft" if path.endswith(".md") else "off",
            "aria-label": path,
        }

    def content(self, newline: str) -> bytes:
        """The text as bytes, with the line ends that the file has; a browser sends its own."""
        text = self.cleaned_data["source"].replace("\r\n", "\n").replace("\r", "\n")
        return text.replace("\n", newline).encode()

    def tell(self, problems: list[Problem], path: str) -> None:
        """Put what refused the text at its field, the lines first."""
        for problem in problems:
            if problem.path != path:
                words = f"{problem.path}:{problem.line}: {problem.message}"
            elif problem.line:
                words = gettext("Línea %(line)s: %(message)s") % {
                    "line": problem.line,
                    "message": problem.message,
                }
            else:
                words = problem.message
            self.add_error("source", words)


class UploadForm(forms.Form):
    """New bytes for a file that is no text."""

    upload = forms.FileField(label=_("Archivo nuevo"))
    why = SourceForm.base_fields["why"]
    base = SourceForm.base_fields["base"]

    def content(self, newline: str) -> bytes:
        return self.cleaned_data["upload"].read(MAX_FILE_BYTES + 1)

    def tell(self, problems: list[Problem], path: str) -> None:
        for problem in problems:
            self.add_error("upload", str(problem) if problem.path != path else problem.message)


class NewFileForm(forms.Form):
    """A file that the course does not have yet: its text, or an upload."""

    path = forms.CharField(
        label=_("Ruta"),
        max_length=400,
        help_text=_("Dentro de la carpeta del curso; por ejemplo, recursos/diagramas/red.svg."),
    )
    source = forms.CharField(label=_("Texto"), strip=False, required=False, widget=forms.Textarea({"rows": 16}))
    upload = forms.FileField(label=_("O un archivo"), required=False)
    why = SourceForm.base_fields["why"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors and not cleaned.get("source") and not cleaned.get("upload"):
            raise forms.ValidationError(_("Escribe el texto o elige un archivo."))
        return cleaned

    def content(self) -> bytes:
        upload = self.cleaned_data.get("upload")
        if upload:
            return upload.read(MAX_FILE_BYTES + 1)
        return self.cleaned_data["source"].replace("\r\n", "\n").encode()


def language_of(path: str) -> str:
    """The editor's name for the language of a file, empty where it has none."""
    return next((language for ending, language in LANGUAGES.items() if path.endswith(ending)), "")


def text_of(revision: FileRevision | None) -> str | None:
    """The text of a revision, empty where there is none; None where it is no text."""
    if revision is None:
        return ""
    try:
        return revision.text if b"\0" not in bytes(revision.content) else None
    except UnicodeDecodeError:
        return None


# --- pages --------------------------------------------------------------------------------------------------


def edit_page(request: HttpRequest, file: CourseFile, places: Places) -> HttpResponse:
    """Show the source and save it: `_publish` for readers, `_draft` for later."""
    text = text_of(file.head)
    make = _upload_form if text is None else _source_form
    if request.method != "POST" or not places.may_write:
        return _edit(request, file, places, make(file, text), status=200)
    form = make(file, text, request.POST, request.FILES)
    if not form.is_valid():
        return _edit(request, file, places, form)
    publish = "_draft" not in request.POST
    newline = "\r\n" if text and "\r\n" in text else "\n"
    try:
        revision = publishing.save(
            file,
            form.content(newline),
            author=request.user,
            why=form.cleaned_data["why"],
            publish=publish,
            base=form.cleaned_data["base"],
        )
    except Refused as refused:
        form.tell(refused.problems, file.path)
        return _edit(request, file, places, form)
    except publishing.StaleSave as stale:
        return _stale(request, file, places, form, stale.current)
    except publishing.TooBusy:
        form.add_error(None, BUSY)
        return _edit(request, file, places, form)
    words = (
        gettext("Publicado: revisión %(number)s.")
        if publish
        else gettext("Borrador guardado: revisión %(number)s.")
    )
    messages.success(request, words % {"number": revision.pk})
    return HttpResponseRedirect(places.edit)


def _source_form(file: CourseFile, text: str | None, *data: Any) -> SourceForm:
    return SourceForm(*data, path=file.path, initial={"source": text, "base": file.head_id or 0})


def _upload_form(file: CourseFile, text: str | None, *data: Any) -> UploadForm:
    return UploadForm(*data, initial={"base": file.head_id or 0})


def _edit(
    request: HttpRequest,
    file: CourseFile,
    places: Places,
    form: forms.Form,
    *,
    stale: FileRevision | None = None,
    lines: list[Line] | None = None,
    status: int = 422,
) -> HttpResponse:
    document = getattr(file, "document", None)
    context = {
        "file": file,
        "document": document,
        "title": document.title if document else file.path,
        "form": form,
        "is_text": isinstance(form, SourceForm),
        "places": places,
        "state": state_of(file),
        "stale": stale,
        "lines": lines,
        "page_url": _page_url(request, document),
        "differs_from_folder": _differs_from_folder(file),
        "unchecked": list(document.references.filter(sha256="")) if document else [],
    }
    return render(request, "courses/editing/edit.html", context, status=status)


def _page_url(request: HttpRequest, document: Document | None) -> str:
    """Where readers see the document, for who is one of them: an editor need not be."""
    if document is None or not document.is_written:
        return ""
    is_reader = Course.objects.read_by(request.user).filter(pk=document.course_id).exists()
    return document.get_absolute_url() if is_reader else ""


def _stale(
    request: HttpRequest, file: CourseFile, places: Places, form: forms.Form, current: FileRevision
) -> HttpResponse:
    """Somebody was faster: keep the text, show what differs from theirs, save over it only knowingly."""
    lines = None
    theirs = text_of(current)
    if isinstance(form, SourceForm) and theirs is not None:
        lines = compare(theirs, form.cleaned_data["source"].replace("\r\n", "\n"))
    form.data = form.data.copy()
    form.data["base"] = str(current.pk)
    file.refresh_from_db()
    return _edit(request, file, places, form, stale=current, lines=lines, status=409)


def state_of(file: CourseFile) -> str:
    """In words what readers have of a file."""
    if file.retired_at is not None:
        return gettext("Retirado")
    if file.head_id is None:
        return gettext("En preparación")
    if file.published_id is None:
        return gettext("Borrador sin publicar")
    return gettext("Publicado") if file.head_id == file.published_id else gettext("Publicado, con un borrador")


def _differs_from_folder(file: CourseFile) -> bool:
    return file.imported is not None and file.head is not None and file.imported.sha256 != file.head.sha256


def preview_page(request: HttpRequest, file: CourseFile) -> HttpResponse:
    """A fragment: the posted source as readers would see it, and what is wrong with it."""
    source = request.POST.get("source", "").replace("\r\n", "\n")
    shown = preview(file.course, file.path, source.encode())
    context = {"preview": shown, "file": file, "problems": shown.problems}
    return render(request, "courses/editing/_preview.html", context)


def history_page(request: HttpRequest, file: CourseFile, places: Places) -> HttpResponse:
    """All revisions, newest first."""
    revisions = file.revisions.select_related("author").defer("content")
    rows = [
        {
            "revision": revision,
            "url": places.of_revision(revision),
            "marks": _marks(file, revision),
        }
        for revision in revisions
    ]
    context = {"file": file, "rows": rows, "places": places}
    return render(request, "courses/editing/history.html", context)


def _marks(file: CourseFile, revision: FileRevision) -> list[str]:
    pointers = {
        gettext("publicada"): file.published_id,
        gettext("del editor"): file.head_id if file.head_id != file.published_id else None,
        gettext("de la carpeta"): file.imported_id if file.imported_id != file.published_id else None,
    }
    return [words for words, pk in pointers.items() if pk == revision.pk]


def revision_page(request: HttpRequest, file: CourseFile, places: Places, number: int) -> HttpResponse:
    """One revision beside the one in the editor, or beside its parent; POST publishes it again."""
    revision = get_object_or_404(file.revisions.select_related("author", "parent"), pk=number)
    if request.method == "POST" and places.may_write:
        return _restore(request, file, places, revision)
    with_parent = request.GET.get("con") == "anterior"
    other = revision.parent if with_parent else file.head
    old, new = text_of(other if with_parent else revision), text_of(revision if with_parent else other)
    context = {
        "file": file,
        "revision": revision,
        "other": other,
        "with_parent": with_parent,
        "lines": compare(old, new) if old is not None and new is not None else None,
        "marks": _marks(file, revision),
        "places": places,
        "may_restore": places.may_write and revision.pk != file.published_id,
    }
    return render(request, "courses/editing/revision.html", context)


def _restore(request: HttpRequest, file: CourseFile, places: Places, revision: FileRevision) -> HttpResponse:
    try:
        made = publishing.restore(file, revision, author=request.user)
    except Refused as refused:
        intro = gettext("La revisión %(number)s ya no se puede publicar:") % {"number": revision.pk}
        listing = " ".join(str(problem) for problem in refused.problems)
        messages.error(request, f"{intro} {listing}")
        return HttpResponseRedirect(places.of_revision(revision))
    except publishing.TooBusy:
        messages.error(request, BUSY)
        return HttpResponseRedirect(places.of_revision(revision))
    messages.success(request, gettext("Publicado: revisión %(number)s.") % {"number": made.pk})
    return HttpResponseRedirect(places.edit)


def add_page(request: HttpRequest, course: Course, back: str) -> HttpResponse:
    """Publish a file that the course does not have yet."""
    form = NewFileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            file = publishing.save_new(
                course,
                form.cleaned_data["path"],
                form.content(),
                author=request.user,
                why=form.cleaned_data["why"],
            )
        except Refused as refused:
            for problem in refused.problems:
                form.add_error("path" if problem.path == form.cleaned_data["path"] else None, str(problem))
        except publishing.TooBusy:
            form.add_error(None, BUSY)
        else:
            messages.success(request, gettext("Publicado: %(path)s.") % {"path": file.path})
            return HttpResponseRedirect(reverse("admin:courses_coursefile_change", args=[file.pk]))
    context = {"form": form, "course": course, "back": back}
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "courses/editing/add.html", context, status=status)
