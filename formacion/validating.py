"""Tries the Envoy configurations of lessons with the real Envoy, in a jail: what check_course plugs in."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from courses.rendering import EnvoyConfig
from exercises.grading.envoy import ENVOY, envoy_binary
from exercises.grading.envoy_errors import explain_refusal
from exercises.sandbox.interface import Job, Limits, Network, Sandbox

NAME = "envoy.yaml"
SECONDS = 15.0
LINE = re.compile(rf"{re.escape(NAME)}:(\d+): (.*)", re.DOTALL)
# a lesson need not say where its administration is, and validating opens no port
ADMIN = json.dumps({"admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 9901}}}})


class SandboxedEnvoy:
    """`envoy --mode validate` in a sandbox. Raises SandboxBroken and ToolMissing: ours, not the author's."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.staged = sandbox.stage(envoy_binary())

    def refusals(self, config: EnvoyConfig) -> Sequence[tuple[int, str]]:
        """Line of the document and message; empty where Envoy takes the configuration."""
        job = Job(
            argv=[ENVOY, "--mode", "validate", "-c", f"/box/{NAME}", "--config-yaml", ADMIN, "-l", "warning"],
            files={NAME: config.text.encode()},
            mounts={ENVOY: self.staged},
            limits=Limits(
                wall_seconds=SECONDS, cpu_seconds=SECONDS, memory_mib=512, processes=64, open_files=1024
            ),
            network=Network.LOOPBACK,
        )
        with self.sandbox.network() as network:
            run = network.run(job)
        if run.ended_well:
            return []
        if run.hit is not None:
            return [(config.line, f"no acaba de comprobarla en {SECONDS:.0f} s o pasa de 512 MiB")]
        said = explain_refusal(NAME, config.text, run.stderr.decode("utf-8", "replace"))
        found = LINE.fullmatch(said)
        if found:
            return [(config.line + int(found[1]) - 1, found[2])]
        return [(config.line, said.removeprefix(f"{NAME}: "))]
