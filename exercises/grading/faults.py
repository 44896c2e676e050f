"""What may be wrong on our side while an exercise is graded. `SandboxBroken` is the sandbox's own."""

from __future__ import annotations


class GradingFault(Exception):
    """The exercise or this machine is at fault: trying again gives the same. The text is for staff."""


class CheckerBroken(GradingFault):
    """The exercise's checker raised, ran out of its own limits or printed something else than a result."""


class ToolMissing(GradingFault):
    """This worker lacks a compiler, an interpreter or Envoy."""
