import pytest

from courses.rendering import EnvoyConfig
from exercises.sandbox.nsjail import NsjailSandbox
from formacion.validating import SandboxedEnvoy

pytestmark = pytest.mark.sandbox

GOOD = """\
static_resources:
  listeners:
  - address: {socket_address: {address: 127.0.0.1, port_value: 10000}}
    filter_chains:
    - filters:
      - name: tcp
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
          stat_prefix: demo
          cluster: eco
  clusters:
  - name: eco
"""


@pytest.fixture
def envoy(sandbox: NsjailSandbox) -> SandboxedEnvoy:
    return SandboxedEnvoy(sandbox)


def refusals(envoy: SandboxedEnvoy, text: str) -> list[tuple[int, str]]:
    return list(envoy.refusals(EnvoyConfig(101, "prueba.yaml", text)))


def test_a_configuration_that_envoy_takes_has_no_refusals(envoy: SandboxedEnvoy):
    assert refusals(envoy, GOOD) == []


def test_an_unknown_field_is_told_with_its_line_in_the_document(envoy: SandboxedEnvoy):
    [(line, message)] = refusals(envoy, GOOD.replace("stat_prefix: demo", "stat_prefijo: demo"))
    assert line == 109
    assert "stat_prefijo" in message


def test_broken_yaml_is_told_with_its_line_in_the_document(envoy: SandboxedEnvoy):
    [(line, _message)] = refusals(envoy, GOOD + "  - name: [sin cerrar\n")
    assert line >= 113


def test_an_extension_that_is_not_there_is_refused(envoy: SandboxedEnvoy):
    [(_line, message)] = refusals(envoy, GOOD.replace("tcp_proxy.v3.TcpProxy", "tcp_proxy.v3.Nada"))
    assert "Nada" in message
