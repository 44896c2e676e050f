"""What the tests of rendering share: a context with two repositories, a store, and the HTML parsed."""

from dataclasses import dataclass, field
from pathlib import Path

from lxml import html as lxml_html

from courses.rendering import RenderContext, Rendered, Repository, render

DIAGRAMS = sorted((Path(__file__).parent / "diagrams").glob("*.mmd"))
ENVOY = Repository("envoy", "https://github.com/envoyproxy/envoy", "8" * 40, (".cc", ".h", ".proto"))
ZTUNNEL = Repository("ztunnel", "https://github.com/istio/ztunnel.git", "a" * 40, (".rs",))
REPOSITORIES = {"envoy": ENVOY, "ztunnel": ZTUNNEL}
LINKS = {
    "03_envoy/02_hilos.md": "/cursos/proxies/03_envoy/02_hilos/",
    "recursos/glosario.md": "/cursos/proxies/recursos/glosario/",
    "03_envoy/capas.svg": "/cursos/proxies/03_envoy/capas.svg",
}


@dataclass
class MemoryStore:
    """A store that remembers what it was asked."""

    drawn: dict[str, str] = field(default_factory=dict)
    puts: int = 0

    def get(self, digest: str) -> str | None:
        return self.drawn.get(digest)

    def put(self, digest: str, svg: str) -> None:
        self.puts += 1
        self.drawn[digest] = svg


def context(**changes: object) -> RenderContext:
    given = {
        "path": "03_envoy/01_vision.md",
        "repositories": REPOSITORIES,
        "default_repository": "envoy",
        "links": LINKS,
    }
    return RenderContext(**{**given, **changes})


def rendered(source: str, *, first_line: int = 1, **changes: object) -> Rendered:
    return render(source, context(**changes), first_line=first_line)


def tree(source: str, **changes: object) -> lxml_html.HtmlElement:
    return parsed(rendered(source, **changes).html)


def parsed(html: str) -> lxml_html.HtmlElement:
    return lxml_html.fragment_fromstring(html, create_parent="main")


def messages(result: Rendered) -> list[tuple[int, str]]:
    return [(problem.line, problem.message) for problem in result.problems]
