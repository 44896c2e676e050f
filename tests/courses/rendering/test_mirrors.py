import os
import subprocess
from pathlib import Path

import pytest

from courses.rendering import LockRow, Reference, digest_of
from courses.rendering.mirrors import Mirror, MirrorBroken, NotInMirror, lock_reference, prove

CODE = "#include <x>\n\nvoid Host::drain() {\n  stop();\n}\nint última;"
DRAIN = Reference("envoy", "source/host.cc", 3, 5)


def git(folder: Path, *arguments: str) -> str:
    identity = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b.c",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b.c",
    }
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env={**os.environ, **identity},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A bare clone with two commits: its path, the first commit and the second."""
    work = tmp_path_factory.mktemp("work")
    git(work, "init", "-q")
    (work / "source").mkdir()
    (work / "source/host.cc").write_text(CODE)
    (work / "vacío.h").write_text("")
    git(work, "add", ".")
    git(work, "commit", "-qm", "one")
    first = git(work, "rev-parse", "HEAD")
    (work / "source/host.cc").write_text(CODE.replace("stop", "halt"))
    git(work, "commit", "-qam", "two")
    second = git(work, "rev-parse", "HEAD")
    bare = tmp_path_factory.mktemp("mirror") / "envoy.git"
    git(work, "clone", "-q", "--bare", str(work), str(bare))
    return bare, first, second


@pytest.fixture
def mirror(repository):
    with Mirror(repository[0]) as mirror:
        yield mirror


def test_lines_come_with_their_endings(repository, mirror):
    assert mirror.lines(repository[1], "source/host.cc", 3, 5) == b"void Host::drain() {\n  stop();\n}\n"


def test_the_last_line_may_have_no_ending(repository, mirror):
    assert mirror.lines(repository[1], "source/host.cc", 6, 6) == "int última;".encode()


def test_each_commit_has_its_own_lines(repository, mirror):
    _, first, second = repository
    assert mirror.lines(first, "source/host.cc", 4, 4) == b"  stop();\n"
    assert mirror.lines(second, "source/host.cc", 4, 4) == b"  halt();\n"


@pytest.mark.parametrize(
    ("path", "first", "last", "said"),
    [
        ("source/host.cc", 5, 7, "tiene 6 líneas"),
        ("source/host.cc", 0, 1, "tiene 6 líneas"),
        ("vacío.h", 1, 1, "tiene 0 líneas"),
        ("source/nada.cc", 1, 1, "no existe"),
        ("source", 1, 1, "no existe"),
        ("../fuera.cc", 1, 1, "no es una ruta"),
        ("./source/host.cc", 1, 1, "no es una ruta"),
        ("/source/host.cc", 1, 1, "no es una ruta"),
        ("a\nb", 1, 1, "no es una ruta"),
    ],
)
def test_what_is_not_there_is_said(repository, mirror, path, first, last, said):
    with pytest.raises(NotInMirror, match=said):
        mirror.lines(repository[1], path, first, last)


@pytest.mark.parametrize("commit", ["HEAD", "main", "abc1234", "HEAD\n", ""])
def test_only_whole_commits_are_read(mirror, commit):
    with pytest.raises(NotInMirror, match="commit completo"):
        mirror.lines(commit, "source/host.cc", 1, 1)


def test_a_commit_that_is_missing_is_told_from_a_file_that_is(mirror):
    with pytest.raises(NotInMirror, match="no tiene el commit"):
        mirror.lines("0" * 40, "source/host.cc", 1, 1)
    assert not mirror.has("0" * 40)


def test_it_goes_on_after_a_miss(repository, mirror):
    assert mirror.has(repository[1])
    with pytest.raises(NotInMirror):
        mirror.file(repository[1], "nada.cc")
    assert mirror.file(repository[1], "source/host.cc") == CODE.encode()


def test_a_folder_that_is_no_repository_is_our_fault(tmp_path):
    with Mirror(tmp_path) as mirror, pytest.raises(MirrorBroken):
        mirror.lines("0" * 40, "a.cc", 1, 1)


def test_a_closed_mirror_opens_again(repository):
    mirror = Mirror(repository[0])
    mirror.has(repository[1])
    mirror.close()
    assert mirror.has(repository[1])
    mirror.close()


def test_a_new_reference_is_locked_with_digest_and_symbol(repository, mirror):
    expected = LockRow(DRAIN, "Host::drain", digest_of(b"void Host::drain() {\n  stop();\n}\n"))
    assert lock_reference(mirror, repository[1], DRAIN) == expected


def test_a_row_is_proved_at_its_commit_and_not_at_another(repository, mirror):
    _, first, second = repository
    row = lock_reference(mirror, first, DRAIN)
    assert prove(mirror, first, row) is None
    assert "envoy:source/host.cc:3-5" in prove(mirror, second, row)


def test_a_row_of_lines_that_are_gone_is_not_proved(repository, mirror):
    row = LockRow(Reference("envoy", "source/host.cc", 3, 90), "", digest_of(b""))
    assert "tiene 6 líneas" in prove(mirror, repository[1], row)
