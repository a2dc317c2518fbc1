# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands above all proxies."""

from __future__ import annotations

import pytest
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.versions import FLOOR, Build
from wishes import TRIXIE, compiled, rich, section, site


def test_the_runtime_socket_is_for_root_and_the_group() -> None:
    """Whoever writes there owns the keys."""
    assert (
        "stats socket /run/haproxy/admin.sock user root group haproxy mode 660 level admin"
        in section(compiled({}).config, "global")
    )


@pytest.mark.parametrize(
    ("build", "groups", "has_server_groups"),
    [
        (FLOOR, "X25519:prime256v1:secp384r1", False),
        (TRIXIE, "X25519MLKEM768:X25519:prime256v1:secp384r1", True),
    ],
)
def test_tls_is_mozillas_as_far_as_the_build_knows_it(
    build: Build, groups: str, has_server_groups: bool
) -> None:
    """A group that OpenSSL does not know stops HAProxy."""
    lines = section(compiled({}, build).config, "global")
    assert f"ssl-default-bind-curves {groups}" in lines
    assert any("ssl-default-server-curves" in line for line in lines) is has_server_groups
    assert (
        "ssl-default-bind-options prefer-client-ciphers ssl-min-ver TLSv1.2 no-tls-tickets" in lines
    )
    assert not [line for line in lines if "DHE-RSA-AES" in line and "ECDHE" not in line]


def test_modern_is_tls_1_3() -> None:
    """For clients; backends are often older."""
    lines = section(compiled({"haproxy_global": {"tls_policy": "modern"}}).config, "global")
    assert any("ssl-min-ver TLSv1.3" in line for line in lines)
    assert "ssl-default-server-options ssl-min-ver TLSv1.2" in lines


def test_maxconn_is_left_to_haproxy() -> None:
    """A number too high for the limit of files fails at the reload only."""
    assert not [line for line in section(compiled({}).config, "global") if "maxconn" in line]
    lines = section(compiled({"haproxy_global": {"maxconn": 99, "nbthread": 2}}).config, "global")
    assert {"maxconn 99", "nbthread 2"} <= set(lines)


def test_a_reload_loses_nothing() -> None:
    """Idle connections are closed on a response, far before the hard stop; states survive."""
    config = compiled({}).config
    assert "option idle-close-on-response" in section(config, "defaults", "edge_http")
    assert {"hard-stop-after 15m", "server-state-file /var/lib/haproxy/server-state"} <= set(
        section(config, "global")
    )
    assert {"timeout http-keep-alive 15s", "load-server-state-from-file global"} <= set(
        section(config, "defaults", "edge")
    )


def test_reloads_in_a_row_kill_no_worker_that_the_hard_stop_spares() -> None:
    """One each two seconds, for all of the hard stop."""
    assert "mworker-max-reloads 500" in section(compiled({}).config, "global")


def test_without_logs_nothing_is_said_of_logs() -> None:
    """HAProxy warns of a format that no target has."""
    config = compiled({"haproxy_global": {"logs": []}}).config
    text = "\n".join(str(line) for line in config.lines)
    assert "log global" not in text
    assert "httplog" not in text
    assert "no log" not in text


def test_a_log_format_of_ones_own_is_taken_as_it_is() -> None:
    """It is evaluated: that is what it is for."""
    config = compiled({"haproxy_defaults": {"log_format": "%ci %[src] \"q\" '$x'"}}).config
    line = next(line for line in config.lines if line.keyword == "log-format")
    assert line.words == ("log-format", "%ci %[src] \"q\" '$x'")


def test_names_are_resolved_only_where_there_are_names() -> None:
    """A host without resolv.conf serves addresses."""
    assert "resolvers" not in {one.kind for one in compiled(site()).config.sections}
    assert "parse-resolv-conf" in section(compiled(rich()).config, "resolvers", "edge")


def test_settings_of_the_process_name_their_variable() -> None:
    """A missing chroot or too many connections are refused by a start; the user reads which."""
    config = compiled({"haproxy_global": {"chroot": "/jail", "maxconn": 7}}).config
    origins = {line.keyword: line.origin for line in config.lines if line.origin}
    assert origins["chroot"] == "haproxy_global.chroot"
    assert origins["maxconn"] == "haproxy_global.maxconn"
