# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The model becomes a text on the controller, for the HAProxy of the host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible_collections.hitless.edge.plugins.action.haproxy_config import (
    ActionModule,
    read_thumbprints,
)
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.digest import seal
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.model.certificate import Source
from tasks import played
from wishes import THUMBPRINT, read, read_faults

INFO, CONFIG = "hitless.edge.haproxy_info", "hitless.edge.haproxy_config"
ON_TRIXIE = {"version": "3.0.11-1+deb13u5", "openssl_version": "OpenSSL 3.5.7 9 Jun 2026"}
ABSENT = {"installed": False, "version": "", "openssl_version": ""}
STAGED = {"changed": True, "staged": True}
WISH: dict[str, Any] = {
    "sites": [{"domains": ["a.test"], "backend": "web"}],
    "backends": [{"name": "web", "servers_from_group": "webs"}],
    "thumbprint": THUMBPRINT,
}
PLAY = {"groups": {"webs": ["web1"]}, "hostvars": {"web1": {}}, "inventory_hostname": "lb1"}


def run(
    *, info: dict[str, Any] | None = None, answer: dict[str, Any] | None = None, **options: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The result, and what the module on the host was given."""
    check_mode = options.pop("check_mode", False)
    result, asked = played(
        ActionModule,
        {**WISH, **options},
        answers={INFO: info or ON_TRIXIE, CONFIG: answer or STAGED},
        task_vars=PLAY,
        check_mode=check_mode,
    )
    return result, asked.get(CONFIG, {})


def test_the_host_gets_text_maps_and_digest() -> None:
    """The text carries the digest; the groups of the play are resolved."""
    result, given = run()
    assert result == STAGED
    assert set(given) == {"config", "maps", "digest"}
    assert seal(given["config"]).digest == given["digest"]
    assert "server web1 web1:80" in given["config"]
    assert given["maps"]["acme.map"] == f"a.test {THUMBPRINT}\n"


def test_the_text_is_for_the_build_of_the_host() -> None:
    """Its OpenSSL knows the hybrid group."""
    assert "X25519MLKEM768" in run()[1]["config"]


def test_it_listens_on_ipv6_where_the_host_has_it_unless_told_otherwise() -> None:
    """A socket of its own, so that a host without IPv6 starts as well."""
    with_ipv6 = {**ON_TRIXIE, "ipv6": True}
    assert "[::]" not in run()[1]["config"]
    assert "bind [::]:443 ssl" in run(info=with_ipv6)[1]["config"]
    assert "[::]" not in run(info=with_ipv6, listeners={"ipv6": False})[1]["config"]


def test_on_a_fresh_host_check_mode_predicts_for_the_oldest() -> None:
    """And says so."""
    result, given = run(info=ABSENT, check_mode=True)
    assert "X25519MLKEM768" not in given["config"]
    assert result["warnings"] == ["HAProxy is not installed yet: the config is predicted for 2.6"]


def test_without_haproxy_there_is_nothing_to_configure() -> None:
    """Outside check mode."""
    result, given = run(info=ABSENT)
    assert result["failed"]
    assert "not installed" in result["msg"]
    assert given == {}


def test_a_faulty_wish_reaches_no_host() -> None:
    """The message is that of the check of the wish."""
    result, asked = played(ActionModule, {**WISH, "backends": []}, task_vars=PLAY)
    assert 'no backend is named "web"' in result["msg"]
    assert asked == {}


def test_what_haproxy_refuses_leads_back_to_the_variable() -> None:
    """Its words stay; the variable of each line it names is added."""
    sections = [{"section": "listen x", "lines": ["mode tcp", "bogus 1"]}]
    lines = run(sections=sections)[1]["config"].split("\n")
    number = lines.index("    bogus 1") + 1
    words = f"[ALERT] (9) : config : parsing [/etc/haproxy/haproxy.cfg:{number}] : unknown keyword"
    refused = {
        "failed": True,
        "msg": f"HAProxy refuses:\n{words}",
        "words": words,
        "exception": "x",
    }
    result, _given = run(sections=sections, answer=refused)
    assert result["origins"] == [f"line {number} is from haproxy_sections[0].lines[1]: bogus 1"]
    assert result["msg"] == f"{refused['msg']}\n{result['origins'][0]}"
    assert "exception" not in result


def test_what_is_nobodys_line_is_left_as_it_is() -> None:
    """A refusal that names no line, or one of ours."""
    refused = {"failed": True, "msg": "no", "words": "[haproxy.cfg:1] [haproxy.cfg:99999]"}
    assert run(answer=refused)[0]["msg"] == "no"


def test_a_template_lays_out_the_text(tmp_path: Path) -> None:
    """With the variables of the play, the sections and the whole text."""
    template = tmp_path / "own.cfg.j2"
    template.write_text(
        "# {{ inventory_hostname }}, {{ config | length > 0 }}\n"
        "{% for one in sections %}\n{{ one.header }}\n"
        "{% for line in one.lines %}\n\t{{ line }}\n{% endfor %}\n{% endfor %}\n"
    )
    _result, given = run(template=str(template))
    assert given["config"].startswith("# lb1, True\nglobal\n\tdescription hitless.edge ")
    assert seal(given["config"]).digest == given["digest"]
    assert said(given["config"]) == said(run()[1]["config"])


def said(text: str) -> list[str]:
    """What a text says, however it is laid out; comments and the digest left out."""
    lines = [line.strip() for line in text.split("\n")]
    return [line for line in lines if line and line[0] != "#" and "description" not in line]


def test_values_are_no_templates(tmp_path: Path) -> None:
    """What a user wrote between braces stays text."""
    template = tmp_path / "whole.j2"
    template.write_text("{{ config }}\n")
    lines = ["http-request set-header X '{{ 7 * 7 }}'"]
    _result, given = run(template=str(template), backends=[{**WISH["backends"][0], "lines": lines}])
    assert lines[0] in given["config"]


def test_a_template_knows_no_other_variables(tmp_path: Path) -> None:
    """Strict: a typing error is no empty line."""
    template = tmp_path / "own.j2"
    template.write_text("{{ config }}\n{{ secton }}\n")
    with pytest.raises(AnsibleError, match="secton"):
        run(template=str(template))


def test_a_template_that_loses_the_description_is_told(tmp_path: Path) -> None:
    """Without it nobody could tell what runs."""
    template = tmp_path / "own.j2"
    template.write_text("global\n    user haproxy\n")
    result, given = run(template=str(template))
    assert "description hitless.edge" in result["msg"]
    assert given == {}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {}),
        ({"thumbprint": "", "certbot_thumbprint": None}, {}),
        ({"thumbprint": THUMBPRINT}, {Source.ACME: THUMBPRINT}),
        ({"certbot_thumbprint": THUMBPRINT}, {Source.CERTBOT: THUMBPRINT}),
    ],
)
def test_an_account_that_is_not_there_answers_nothing(
    options: dict[str, Any], expected: dict[Source, str]
) -> None:
    """As before the first run of the issuer."""
    assert read(options, read_thumbprints) == expected


@pytest.mark.parametrize("value", ["short", THUMBPRINT + "x", THUMBPRINT[:-1] + "\n", 7])
def test_a_thumbprint_is_that_of_a_key(value: Any) -> None:
    """It is put into every answer."""
    assert [one.path for one in read_faults({"thumbprint": value}, read_thumbprints)] == [
        "x.thumbprint"
    ]
