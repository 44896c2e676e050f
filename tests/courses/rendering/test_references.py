import pytest

from courses.rendering import BadReference, Reference, parse_reference
from courses.rendering.references import parse_reference_list
from tests.courses.rendering.samples import ENVOY, REPOSITORIES, ZTUNNEL


@pytest.mark.parametrize(
    ("text", "default", "expected"),
    [
        (
            "source/common/http/codec.cc:394-420",
            "envoy",
            Reference("envoy", "source/common/http/codec.cc", 394, 420),
        ),
        ("envoy/http/filter.h:44", "envoy", Reference("envoy", "envoy/http/filter.h", 44, 44)),
        ("codec.cc:7", "envoy", Reference("envoy", "codec.cc", 7, 7)),
        ("codec.cc:7-7", "envoy", Reference("envoy", "codec.cc", 7, 7)),
        ("envoy:source/a.cc:1-2", "envoy", Reference("envoy", "source/a.cc", 1, 2)),
        ("envoy:source/a.cc:1-2", None, Reference("envoy", "source/a.cc", 1, 2)),
        ("ztunnel:src/proxy/inbound.rs:9", "envoy", Reference("ztunnel", "src/proxy/inbound.rs", 9, 9)),
        ("src/proxy.rs:10-20", "ztunnel", Reference("ztunnel", "src/proxy.rs", 10, 20)),
    ],
)
def test_a_reference_is_read(text, default, expected):
    assert parse_reference(text, REPOSITORIES, default) == expected


@pytest.mark.parametrize(
    "text",
    [
        "localhost:8080",
        "127.0.0.1:15001",
        "envoy:8080",
        "http://127.0.0.1:9901/stats",
        "https://envoyproxy.io/a.cc:80",
        "tls_.runOnAllThreads",
        "std::shared_ptr",
        "source/a.cc",
        "source/a.cc:",
        "codec.cc:decodeHeaders",
        "codec.cc:12:5",
        "README.md:10",
        "a b.cc:3",
        "2026-01-01T10:20:30",
        "",
    ],
)
@pytest.mark.parametrize("default", ["envoy", None])
def test_what_is_not_a_reference_is_left_alone(text, default):
    assert parse_reference(text, REPOSITORIES, default) is None


@pytest.mark.parametrize(
    ("text", "default", "remedy"),
    [
        ("source/a.cc:20-10", "envoy", "de menor a mayor"),
        ("source/a.cc:0", "envoy", "contando desde 1"),
        ("source/a.cc:0-4", "envoy", "contando desde 1"),
        ("source/a.cc:012", "envoy", "contando desde 1"),
        ("source/a.cc:12-", "envoy", "N o N-M"),
        ("source/a.cc:12–20", "envoy", "N o N-M"),
        ("source/a.cc:12,20", "envoy", "N o N-M"),
        ("source/a.cc:L12", "envoy", "N o N-M"),
        ("/source/a.cc:1", "envoy", "raíz del repositorio"),
        ("../source/a.cc:1", "envoy", "raíz del repositorio"),
        ("source//a.cc:1", "envoy", "raíz del repositorio"),
        ("istio:source/a.cc:1", "envoy", "envoy:, ztunnel:"),
        ("source/a.cc:1", None, "`envoy:source/a.cc:1`"),
        ("src/proxy.rs:1", None, "`ztunnel:src/proxy.rs:1`"),
        ("src/proxy.rs:1", "envoy", "`ztunnel:src/proxy.rs:1`"),
        ("ztunnel:source/a.cc:1", "envoy", "terminan en .rs"),
    ],
)
def test_a_reference_that_is_wrong_is_refused_with_its_remedy(text, default, remedy):
    with pytest.raises(BadReference) as refused:
        parse_reference(text, REPOSITORIES, default)
    assert text in str(refused.value)
    assert remedy in str(refused.value)


def test_a_fence_of_references_is_a_list():
    listed = parse_reference_list("source/a.cc:1\n\n  ztunnel:src/b.rs:2-3\n", REPOSITORIES, "envoy")
    assert listed == [(1, Reference("envoy", "source/a.cc", 1, 1)), (3, Reference("ztunnel", "src/b.rs", 2, 3))]


@pytest.mark.parametrize("source", ["", "\n", "source/a.cc:1\ny texto", "$ curl localhost:80"])
def test_a_fence_with_anything_else_is_no_list(source):
    assert parse_reference_list(source, REPOSITORIES, "envoy") is None


def test_a_reference_is_written_as_it_is_read():
    reference = Reference("envoy", "source/a.cc", 3, 9)
    assert parse_reference(str(reference), REPOSITORIES) == reference


def test_permalinks_point_at_the_pin():
    reference = Reference("envoy", "source/a.cc", 3, 9)
    assert (
        ENVOY.permalink(reference) == f"https://github.com/envoyproxy/envoy/blob/{'8' * 40}/source/a.cc#L3-L9"
    )
    one_line = Reference("ztunnel", "src/a.rs", 4, 4)
    assert ZTUNNEL.permalink(one_line) == f"https://github.com/istio/ztunnel/blob/{'a' * 40}/src/a.rs#L4"
