"""Envoy configurations for tests: a plain HTTP proxy, and one whose Lua filter runs what a test wants."""

from __future__ import annotations

import textwrap

HEAD = """\
static_resources:
  listeners:
  - name: entrada
    address: {socket_address: {address: 127.0.0.1, port_value: ${PUERTO_ESCUCHA}}}
    filter_chains:
    - filters:
      - name: http
        typed_config:
          "@type": type.googleapis.com/MANAGER
          stat_prefix: entrada
          route_config:
            virtual_hosts:
            - {name: todo, domains: ["*"], routes: [ROUTE]}
          http_filters:
"""
HEAD = HEAD.replace(
    "MANAGER", "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
)
ROUTER = """\
          - name: router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
"""
CLUSTERS = """\
  clusters:
  - name: b1
    connect_timeout: 1s
    load_assignment:
      cluster_name: b1
      endpoints:
      - lb_endpoints:
        - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${PUERTO_B1}}}}
"""
TO_UPSTREAM = "{match: {prefix: /}, route: {cluster: b1}}"
PROXY = HEAD.replace("ROUTE", TO_UPSTREAM) + ROUTER + CLUSTERS


def http_proxy(lua: str, route: str = TO_UPSTREAM) -> str:
    """A proxy that runs this Lua with every request, `handle` being the request's."""
    code = textwrap.indent(textwrap.dedent(lua).strip("\n"), " " * 20)
    script = f"""\
          - name: lua
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
              default_source_code:
                inline_string: |
                  function envoy_on_request(handle)
{code}
                  end
"""
    return HEAD.replace("ROUTE", route) + script + ROUTER + CLUSTERS
