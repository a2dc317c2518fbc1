# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``renewal/NAME.conf``: how certbot renews a lineage, as a value.

The file is of configobj's kind: sections with ``key = value``. What certbot is to do here is
little: it asks the CA, and HAProxy answers every challenge without it, so the hook that would place
the answer is ``/bin/true``, and nothing is stopped or started. Source: certbot 5.8
`_internal/storage.py`, `_internal/renewal.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .._acme.wish import Lineage

HOOK = "/bin/true"
KINDS = ("cert", "privkey", "chain", "fullchain")
PARAMETERS = "renewalparams"
KEPT = frozenset(
    {"rsa_key_size", "elliptic_curve", "user_agent", "config_dir", "work_dir", "logs_dir"}
)
"""What a user may have chosen and what does no harm: it stays."""

_SECTION = re.compile(r"\[+\s*(?P<name>[^\[\]]+?)\s*\]+")
_ENTRY = re.compile(r"(?P<key>[^=\s]+)\s*=\s*(?P<value>.*?)\s*")
_QUOTED = re.compile(r"""(["'])(?P<text>.*)\1""")
_PLAIN = re.compile(r"[^\s\"'#,%][^\"'#,\n]*(?<!\s)|")


@dataclass(frozen=True)
class Terms:
    """What holds for the renewal of all lineages of an account. ``account``: certbot's name."""

    account: str
    directory: str


@dataclass(frozen=True)
class Conf:
    """A file. ``paths``: what stands before the first section; ``sections``: by their names."""

    paths: Mapping[str, str] = field(default_factory=dict)
    sections: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def parameters(self) -> Mapping[str, str]:
        """With which options certbot renews."""
        return self.sections.get(PARAMETERS, {})

    @property
    def is_ours(self) -> bool:
        """Whether renewal needs nobody but HAProxy, so whether it was written for us."""
        hook = self.parameters.get("manual_auth_hook")
        return self.parameters.get("authenticator") == "manual" and hook == HOOK

    @property
    def profile(self) -> str | None:
        """The profile that is asked for."""
        found = self.parameters.get("required_profile") or self.parameters.get("preferred_profile")
        return found or None

    def settled(self, lineage: Lineage, terms: Terms, *, is_renewed: bool) -> Conf:
        """With the options of our wish. ``is_renewed``: whether certbot may renew it now."""
        wanted = {name: value for name, value in self.parameters.items() if name in KEPT}
        wanted.update(
            account=terms.account,
            server=terms.directory,
            authenticator="manual",
            manual_auth_hook=HOOK,
            pref_challs="http-01,",
            key_type=lineage.key_type.value,
        )
        if lineage.profile:
            wanted["required_profile"] = lineage.profile
        if lineage.preferred_chain:
            wanted["preferred_chain"] = lineage.preferred_chain
        if not is_renewed:
            wanted["autorenew"] = "False"
        if wanted == dict(self.parameters):
            return self
        return replace(self, sections={**self.sections, PARAMETERS: wanted})

    def forgetful(self) -> Conf:
        """Without what the CA said of the certificate before."""
        kept = {name: values for name, values in self.sections.items() if name == PARAMETERS}
        return replace(self, sections=kept)


def at_default_places(config: str, name: str) -> Conf:
    """The file of a lineage that certbot would make, without any option."""
    files = {kind: f"{config}/live/{name}/{kind}.pem" for kind in KINDS}
    return Conf({"archive_dir": f"{config}/archive/{name}", **files})


def parse_conf(text: str) -> Conf:
    """Read a file; comments, and lines that configobj would refuse, are passed over."""
    paths: dict[str, str] = {}
    sections: dict[str, dict[str, str]] = {}
    current = paths
    for line in text.splitlines():
        section, entry = _SECTION.fullmatch(line.strip()), _ENTRY.fullmatch(line.strip())
        if section:
            current = sections.setdefault(section["name"], {})
        elif entry and not line.strip().startswith("#"):
            current[entry["key"]] = _unquoted(entry["value"])
    return Conf(paths, sections)


def render_conf(conf: Conf) -> str:
    """The file; `parse_conf` gives the same value back."""
    lines = [f"{key} = {_quoted(value)}" for key, value in conf.paths.items()]
    for name, values in conf.sections.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {_quoted(value)}" for key, value in values.items()]
    return "".join(f"{line}\n" for line in lines)


def _unquoted(value: str) -> str:
    found = _QUOTED.fullmatch(value)
    return found["text"] if found else value


def _quoted(value: str) -> str:
    if value.endswith(",") and _PLAIN.fullmatch(value[:-1]):
        return value  # a list of one: configobj writes it so
    mark = "'" if '"' in value else '"'
    return value if _PLAIN.fullmatch(value) and value else f"{mark}{value}{mark}"
