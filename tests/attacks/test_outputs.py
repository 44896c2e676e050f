"""Programs that plant something else where a file is collected."""

from __future__ import annotations

import pytest

from exercises.sandbox.nsjail import NsjailSandbox
from tests.sandboxes import python

TRAPS = {
    "link to a secret": ('os.symlink("/etc/shadow", "out")', "not regular"),
    "link to a file beside": ('open("a", "w").write("x"); os.symlink("a", "out")', "not regular"),
    "link to itself": ('os.symlink("out", "out")', "not regular"),
    "link out of the box": ('os.symlink("../etc/passwd", "out")', "not regular"),
    "link to a descriptor": ('os.symlink("/proc/self/fd/0", "out")', "not regular"),
    "two names of one file": ('open("a", "w").write("x"); os.link("a", "out")', "not regular"),
    "folder": ('os.mkdir("out")', "not regular"),
    "socket": ('import socket; socket.socket(socket.AF_UNIX).bind("out")', "not regular"),
    "nothing": ("pass", "missing"),
    "too big": ('open("out", "wb").write(bytes(2000))', "too big"),
    "too big and hollow": ('open("out", "wb").truncate(20 << 20)', "too big"),
}


@pytest.mark.parametrize(("trap", "why"), TRAPS.values(), ids=TRAPS)
def test_a_trap_is_not_collected(sandbox: NsjailSandbox, trap: str, why: str) -> None:
    run = sandbox.run(python(f"import os; {trap}", collect=["out"], collect_bytes=1000))
    assert run.ended_well, run.stderr.decode()
    assert run.collected == {}
    assert run.uncollected == {"out": why}


def test_a_folder_swapped_for_a_link_leads_nowhere(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(python('import os; os.symlink("/etc", "folder")', collect=["folder/passwd"]))
    assert run.uncollected == {"folder/passwd": "not regular"}


@pytest.mark.parametrize("name", ["../etc/passwd", "/etc/passwd", "a/../../etc/passwd"])
def test_a_name_that_leads_out_is_not_followed(sandbox: NsjailSandbox, name: str) -> None:
    run = sandbox.run(python('import os; os.mkdir("a")', collect=[name]))
    assert run.collected == {}
    assert name in run.uncollected


def test_a_link_over_a_file_of_the_job_does_not_reach_out(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import os
            os.remove("given")
            os.symlink("/etc/passwd", "given")
            """,
            files={"given": b"data"},
            collect=["given"],
        )
    )
    assert run.uncollected == {"given": "not regular"}


def test_what_is_honest_is_collected_even_after_a_limit(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import os, time
            os.makedirs("a/b")
            open("a/b/ñ\\n.txt", "w").write("hola")
            os.chmod("a", 0)
            time.sleep(60)
            """,
            collect=["a/b/ñ\n.txt"],
            wall_seconds=1,
        )
    )
    assert run.collected.get("a/b/ñ\n.txt") == b"hola" or run.uncollected == {"a/b/ñ\n.txt": "unreadable"}


def test_a_name_of_any_bytes_is_collected(sandbox: NsjailSandbox) -> None:
    name = b"\xff\xfe".decode(errors="surrogateescape")
    run = sandbox.run(python('open(b"\\xff\\xfe", "w").write("odd")', collect=[name]))
    assert run.collected == {name: b"odd"}
