"""The process that draws: reads one Mermaid source a line, answers with one SVG a line, both as JSON.

`diagrams` starts it and kills it when a drawing takes too long; merman's own deadline is cooperative and is
only the first of the two. Nothing else may import merman.

Asks:     {"source": str, "prefix": str, "title": str, "description": str}
Answers:  {"svg": str, "width": int, "height": int}
     or:  {"error": str, "line": int | null, "column": int | null}
"""

import json
import resource
import sys

import merman
from merman import MermanTextMeasurementOperation as Operation
from merman import MermanTextMeasurementResultKind as Kind
from merman import MermanTextMeasureRequest as Request
from merman import MermanTextMeasureResult as Result

from courses.rendering.measuring import Face, face_for, wrap
from courses.rendering.palette import FONT, theme_variables
from courses.rendering.svg import NotAnSvg, compile_svg

DRAWING_ID = "d"  # one id for all, so that equal types give equal style sheets; `compile_svg` renames the rest
WIDTHS = {
    Operation.COMPUTED_LENGTH,
    Operation.SIMPLE_B_BOX_WIDTH,
    Operation.RAW_B_BOX_WIDTH,
    Operation.TSPAN_B_BOX_WIDTH,
    Operation.WRAP_PROBE_B_BOX_WIDTH,
    Operation.BOUNDING_CLIENT_RECT_WIDTH,
    Operation.CANVAS_MEASURE_TEXT_WIDTH,
}
HEIGHTS = {Operation.TSPAN_B_BOX_HEIGHT, Operation.SIMPLE_B_BOX_HEIGHT, Operation.RAW_B_BOX_HEIGHT}
CENTRED = {Operation.B_BOX_X, Operation.B_BOX_X_WITH_ASCII_OVERHANG, Operation.TITLE_B_BOX_X}
DEFAULT_LINE_HEIGHT = 1.5  # Mermaid's own, in em
MAX_MEMORY_BYTES = 2 << 30


def _result(kind: Kind, **figures: float | int | None) -> Result:
    nothing = {"width": 0.0, "height": 0.0, "length": 0.0, "line_count": 1}
    return Result(
        result_kind=kind, **{**nothing, "bbox_left": None, "bbox_right": None, "raw_width": None, **figures}
    )


class SourceSansMeasurer(merman.MermanTextMeasurer):
    """Answers merman's questions about text. What it does not know it leaves to merman's own estimate."""

    def measure(self, request: Request) -> Result | None:
        face, size, operation = face_for(request.font_weight), request.font_size, request.operation
        lines = request.text.split("\n")
        width = max(self._width(face, line, request) for line in lines)
        if operation in WIDTHS:
            return _result(Kind.LENGTH, length=width)
        if operation in HEIGHTS:
            return _result(Kind.LENGTH, length=face.height * size)
        if operation in CENTRED:
            return _result(Kind.HORIZONTAL_EXTENTS, bbox_left=width / 2, bbox_right=width / 2)
        if operation is Operation.MERMAID_CALCULATE_TEXT_DIMENSIONS:
            height = float(round(face.height * size)) * len(lines)
            return _result(Kind.METRICS, width=float(round(width)), height=height, line_count=len(lines))
        line_height = request.line_height or size * DEFAULT_LINE_HEIGHT
        if operation is Operation.MEASURE:
            return _result(Kind.METRICS, width=width, height=line_height * len(lines), line_count=len(lines))
        if operation in (Operation.WRAPPED, Operation.WRAPPED_WITH_RAW_WIDTH):
            wrapped = [part for line in lines for part in self._wrap(face, line, request)]
            figures = {
                "width": max(self._width(face, line, request) for line in wrapped),
                "height": line_height * len(wrapped),
                "line_count": len(wrapped),
            }
            if operation is Operation.WRAPPED:
                return _result(Kind.METRICS, **figures)
            return _result(Kind.WRAPPED_WITH_RAW_WIDTH, raw_width=width, **figures)
        return None

    @staticmethod
    def _width(face: Face, line: str, request: Request) -> float:
        spacing = request.letter_spacing * len(line) + request.word_spacing * line.count(" ")
        return face.width(line, request.font_size) + spacing

    @staticmethod
    def _wrap(face: Face, line: str, request: Request) -> list[str]:
        if request.max_width is None:
            return [line]
        breaks = request.white_space is merman.MermanTextWhiteSpace.BREAK_SPACES
        return wrap(face, line, request.font_size, request.max_width, trailing_space_counts=breaks)


def start_engine() -> merman.MermanEngine:
    """Profile `interactive`: the constrained one refuses 40 nodes.

    No global `layout`, which makes trees of mind maps.
    """
    options = {
        "site_config": {
            "theme": "base",
            "look": "classic",
            "fontFamily": FONT,
            "themeVariables": theme_variables(),
        },
        "svg": {"pipeline": "resvg-safe", "diagram_id": DRAWING_ID},
        "resources": {"profile": "interactive"},
    }
    services = merman.MermanEngineServices().with_text_measurer(SourceSansMeasurer())
    return merman.MermanEngine(options_json=json.dumps(options), services=services)


def draw(engine: merman.MermanEngine, request: dict[str, str], timeout_ms: int) -> dict[str, str | int | None]:
    operation = merman.MermanOperationRequestV4(
        operation_id="svg",
        source=request["source"],
        uri=None,
        options_json=None,
        control=merman.MermanOperationControl(timeout_ms),
    )
    try:
        drawn = engine.execute(operation).data.decode()
    except merman.MermanError.Binding as error:
        return _explain(engine, request["source"], error)
    try:
        compiled = compile_svg(
            drawn, prefix=request["prefix"], title=request["title"], description=request["description"]
        )
    except NotAnSvg as error:
        return {"error": str(error), "line": None, "column": None}
    return {"svg": compiled.svg, "width": compiled.width, "height": compiled.height}


def _explain(
    engine: merman.MermanEngine, source: str, error: merman.MermanError.Binding
) -> dict[str, str | int | None]:
    """merman's analysis says where; where it finds nothing, the failure itself says what."""
    for diagnostic in json.loads(engine.analyze_json(source, None))["diagnostics"]:
        if diagnostic["severity"] == "error":
            span = diagnostic["span"] or {}
            return {"error": diagnostic["message"], "line": span.get("line"), "column": span.get("column")}
    return {"error": error.message, "line": None, "column": None}


def main(timeout_ms: int) -> None:
    """Serve until standard input ends. The first line says that it is ready."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    engine = start_engine()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(draw(engine, json.loads(line), timeout_ms)), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
