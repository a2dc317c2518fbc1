# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a new machine has when it is handed over: ssh key, names, the way to pip's index."""

from __future__ import annotations

import io
import json
import os
import pathlib
import sys
import tarfile
import time

from engine import Host, Lab, call


def pip_settings() -> dict[str, str]:
    """What pip needs to reach its index from here: indexes on the network, the CA bundle to trust.

    Empty on a machine that needs nothing special. Folders of this machine are left out: the hosts
    do not have them.
    """
    said = {}
    for line in call(sys.executable, "-m", "pip", "config", "list").splitlines():
        key, _unused, value = line.partition("=")
        said[key.rpartition(".")[2]] = value.strip("'\"")  # ":env:" comes last, as its values win
    settings = {}
    for key in ("index-url", "extra-index-url", "trusted-host", "proxy"):
        words = [word for word in said.get(key, "").split() if not word.startswith(("file:", "/"))]
        if words:
            settings[key] = " ".join(words)
    bundle = (
        said.get("cert") or os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
    )
    if bundle and pathlib.Path(bundle).is_file():
        settings["cert"] = bundle
    return settings


def dns_settings(hosts: list[Host]) -> dict[str, object]:
    """What the lab's DNS answers: the hosts by name, all names below the zones by the balancers."""
    return {
        "zones": os.environ.get("LAB_ZONES", "test").split(),
        "pool": [host.address for host in hosts if "balancers" in host.groups],
        "hosts": {
            name: host.address for host in hosts for name in (host.name, f"{host.name}.lab.test")
        },
    }


def files(lab: Lab, host: Host, hosts: list[Host]) -> dict[str, str]:
    """What a provider would put on a new machine, by its path below the root."""
    wanted = {"root/.ssh/authorized_keys": (lab.directory / "ssh_key.pub").read_text()}
    settings = pip_settings()
    if "cert" in settings:
        wanted["etc/lab/pip-ca.pem"] = pathlib.Path(settings.pop("cert")).read_text()
        settings["cert"] = "/etc/lab/pip-ca.pem"
    if settings:
        wanted["etc/pip.conf"] = "\n".join(
            ["[global]", *(f"{key} = {value}" for key, value in settings.items()), ""]
        )
    if "infra" in host.groups:
        wanted["etc/lab/dns.json"] = json.dumps(dns_settings(hosts))
    return wanted


def archive(files: dict[str, str]) -> bytes:
    """A tar archive of the files, relative to the root, private where ssh wants it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        ssh = tarfile.TarInfo("root/.ssh")
        ssh.type, ssh.mode = tarfile.DIRTYPE, 0o700
        tar.addfile(ssh)
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(text.encode()), 0o644, int(time.time())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()
