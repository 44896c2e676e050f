"""Runs one check inside the checker's jail and prints its result, one JSON object, on standard output.

The case is in /box/_case: `case.json`, and for a program's output `input`, `expected` and `output`. A check
that raises anything but `Failed` ends as `{"error": traceback}`: that is our fault.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import PurePosixPath

CASE = "/box/_case/"


def main() -> None:
    out = os.dup(1)
    os.dup2(2, 1)  # whatever a checker prints goes to the staff, not into its result
    sys.path.insert(0, str(PurePosixPath(__file__).parents[1]))
    sys.dont_write_bytecode = True
    text = json.dumps(_result(), ensure_ascii=False).encode("utf-8", "replace")
    while text:
        text = text[os.write(out, text) :]
    os._exit(0)  # threads of servers may still wait


def _result() -> dict:
    from labkit.failing import Failed

    faults: list[BaseException] = []
    try:
        try:
            _check(faults)
        finally:
            if faults:
                raise faults[0]
    except Failed as failed:
        return {
            "outcome": failed.outcome,
            "message": failed.message,
            "given": failed.given,
            "expected": failed.expected,
            "obtained": failed.obtained,
        }
    except BaseException:
        import traceback

        return {"error": traceback.format_exc()}
    return {"outcome": "passed"}


def _check(faults: list[BaseException]) -> None:
    case = json.loads(_read("case.json"))
    path = f"/box/{case['checker']}"
    sys.path[1:1] = ["/box", str(PurePosixPath(path).parent)]
    with open(path, encoding="utf-8") as source:
        code = compile(source.read(), case["checker"], "exec")
    names: dict = {"__name__": "checker", "__file__": path}
    exec(code, names)
    check = names[case["function"]]
    if case["kind"] == "envoy":
        from labkit.labs import Lab

        check(Lab(case, faults))
    else:
        from labkit.answers import Answer

        check(Answer(case, _read("input"), _read("expected"), _read("output")))


def _read(name: str) -> bytes:
    with open(CASE + name, "rb") as file:
        return file.read()


main()
