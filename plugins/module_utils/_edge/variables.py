# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables that users set, and those that look like one of them and are none."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from .._core.errors import Fault

PREFIXES = ("haproxy_", "issuer_", "certbot_", "certificates_", "renewal_", "edge_")
LIKENESS = 0.9
"""From here on two names are taken for one, of `difflib`'s 0 to 1: about one letter in ten."""

KNOWN = frozenset(
    {
        "certbot_adopt", "certbot_authority", "certbot_budget_seconds", "certbot_calendar",
        "certbot_certificates", "certbot_contact", "certbot_environment", "certbot_failures",
        "certbot_install", "certbot_packages", "certbot_pip_arguments", "certbot_python",
        "certbot_terms_agreed", "certbot_version", "certbot_writable_paths",
        "certificates_bundles", "certificates_defaults", "certificates_extra",
        "certificates_home", "certificates_issuer", "certificates_provided", "certificates_purge",
        "certificates_purge_everything", "certificates_python",
        "edge_address", "edge_addresses", "edge_balancers_group", "edge_issuers_group",
        "edge_preflight", "edge_ssh_port",
        "haproxy_adopt", "haproxy_backends", "haproxy_certbot_thumbprint", "haproxy_defaults",
        "haproxy_global",
        "haproxy_listeners", "haproxy_open_files", "haproxy_package_state", "haproxy_packages",
        "haproxy_reload_batch", "haproxy_sections", "haproxy_sites", "haproxy_template",
        "haproxy_thumbprint",
        "issuer_acme_version", "issuer_adopt", "issuer_authorities", "issuer_budget_seconds",
        "issuer_certificates", "issuer_contact", "issuer_environment", "issuer_failures",
        "issuer_home", "issuer_new_account", "issuer_packages", "issuer_pip_arguments",
        "issuer_python",
        "issuer_terms_agreed", "issuer_workers",
        "renewal_account", "renewal_balancers", "renewal_calendar", "renewal_certbot",
        "renewal_certificates", "renewal_issuers", "renewal_metrics_directory",
        "renewal_packages", "renewal_preflight", "renewal_random_delay", "renewal_remove_old",
        "renewal_standby_delay", "renewal_sync_calendar",
    }
)  # fmt: skip
"""Every option of the roles, and what the playbooks take beside them."""


NO_SITES = Fault(
    "haproxy_sites",
    "is not defined",
    "is the file that has it read in this run? To serve nothing, write []",
)


def misspelt(names: Iterable[str]) -> tuple[Fault, ...]:
    """Names of a host's variables that can hardly be meant otherwise than as one of ours.

    A name that merely begins as ours is the user's own.
    """
    return tuple(
        Fault(name, f'"{name}" is not a variable of this collection', f'did you mean "{near}"?')
        for name in sorted(set(names) - KNOWN)
        if name.startswith(PREFIXES)
        for near in difflib.get_close_matches(name, KNOWN, n=1, cutoff=LIKENESS)
        if not _is_part(name, near)
    )


def _is_part(name: str, known: str) -> bool:
    """Whether it is one of those that a list is put together of, such as haproxy_sites_a."""
    return re.fullmatch(r"_.+|[0-9]+", name[len(known) :]) is not None and name.startswith(known)
