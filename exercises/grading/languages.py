"""The languages that a program may be written in: how it is compiled and run inside a jail. One table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PROGRAM = "programa"
JAR = "programa.jar"


@dataclass(frozen=True, slots=True)
class Language:
    """`tools` are the programs that must be there; the first one tells its version with `version`.

    `build` gives the command that compiles the sources (the entry file first) into the one file `built`, None
    where nothing is compiled. `run` gives the command of the program from the entry file's name and its memory.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    tools: tuple[str, ...]
    version: tuple[str, ...]
    run: Callable[[str, int], list[str]]
    build: Callable[[Sequence[str]], list[str]] | None = None
    built: str = PROGRAM
    environment: Mapping[str, str] = field(default_factory=dict)

    def missing_tool(self) -> str | None:
        """The first tool that this machine lacks where a jail would look for it, or None."""
        return next((tool for tool in self.tools if not Path(tool).exists()), None)


def _java_build(sources: Sequence[str]) -> list[str]:
    # one file comes out of the jail, so the classes are packed where they were made
    main = sources[0].removesuffix(".java")
    script = (
        'main=$1; shift; javac -encoding UTF-8 -d /tmp/clases "$@" && jar cfe "$0" "$main" -C /tmp/clases .'
    )
    return ["/bin/sh", "-c", script, JAR, main, *sources]


LANGUAGES: dict[str, Language] = {
    language.name: language
    for language in (
        Language(
            name="python",
            title="Python",
            suffixes=(".py",),
            tools=("/usr/bin/python3",),
            version=("--version",),
            run=lambda entry, memory_mib: ["/usr/bin/python3", "-B", entry],
        ),
        Language(
            name="cpp",
            title="C++",
            suffixes=(".cc", ".cpp"),
            tools=("/usr/bin/g++",),
            version=("-dumpfullversion",),
            build=lambda sources: ["/usr/bin/g++", "-std=c++20", "-O2", "-pthread", "-o", PROGRAM, *sources],
            run=lambda entry, memory_mib: [f"/box/{PROGRAM}"],
        ),
        Language(
            name="rust",
            title="Rust",
            suffixes=(".rs",),
            tools=("/usr/bin/rustc",),
            version=("--version",),
            build=lambda sources: ["/usr/bin/rustc", "--edition=2021", "-O", "-o", PROGRAM, sources[0]],
            run=lambda entry, memory_mib: [f"/box/{PROGRAM}"],
        ),
        Language(
            name="java",
            title="Java",
            suffixes=(".java",),
            tools=("/usr/bin/java", "/usr/bin/javac", "/usr/bin/jar"),
            version=("--version",),
            build=_java_build,
            built=JAR,
            # the JVM does not see the cgroup: its heap leaves room for the rest of it
            run=lambda entry, memory_mib: [
                "/usr/bin/java",
                f"-Xmx{max(16, memory_mib // 2)}m",
                "-Xss8m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-cp",
                JAR,
                entry.removesuffix(".java"),
            ],
        ),
        Language(
            name="go",
            title="Go",
            suffixes=(".go",),
            tools=("/usr/bin/go",),
            version=("version",),
            build=lambda sources: ["/usr/bin/go", "build", "-o", PROGRAM, *sources],
            run=lambda entry, memory_mib: [f"/box/{PROGRAM}"],
            environment={"GO111MODULE": "off", "GOCACHE": "/tmp/go", "GOFLAGS": "-p=2"},
        ),
    )
}
