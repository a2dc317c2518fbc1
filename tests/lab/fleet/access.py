# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the fleet's hosts are reached: files for ssh, Ansible and molecule."""

from __future__ import annotations

import os
import pathlib
import shutil

import yaml
from engine import Host, Lab, call

CONNECTIONS = {"podman": "containers.podman.podman", "docker": "community.docker.docker"}
HEAD = "# Written by tests/lab/fleet\n"
WRITTEN = ("inventory.yml", "ssh_config", "ssh_key", "ssh_key.pub", "known_hosts", "roots.pem")


def ensure_key(lab: Lab) -> None:
    """Create the key with which the fleet's hosts are reached."""
    key = lab.directory / "ssh_key"
    if not key.exists():
        call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", lab.prefix, "-f", str(key))


def access(lab: Lab, host: Host) -> dict[str, str]:
    """Ansible's variables to reach a host."""
    if lab.connection != "ssh":
        return {"ansible_connection": CONNECTIONS[lab.engine], "ansible_host": lab.container(host)}
    return {
        "ansible_host": host.address,
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(lab.directory / "ssh_key"),
        "ansible_ssh_common_args": f"-F '{lab.directory}/ssh_config'",
    }


def inventory(lab: Lab, hosts: list[Host]) -> dict[str, object]:
    """The fleet as an inventory for plain ansible-playbook."""
    groups: dict[str, dict[str, dict[str, object]]] = {}
    for host in hosts:
        for group in host.groups:
            variables = {**access(lab, host), "edge_address": host.address}
            groups.setdefault(group, {"hosts": {}})["hosts"][host.name] = variables
    order = sorted(groups, key=["balancers", "webs", "infra"].index)
    variables = {"ansible_python_interpreter": "/usr/bin/python3"}
    return {"all": {"vars": variables, "children": {group: groups[group] for group in order}}}


def molecule_instances(lab: Lab, hosts: list[Host]) -> list[dict[str, object]]:
    """The fleet as molecule's driver wants it."""
    if lab.connection != "ssh":
        connection = CONNECTIONS[lab.engine]
        return [
            {"instance": h.name, "address": lab.container(h), "connection": connection}
            for h in hosts
        ]
    key = str(lab.directory / "ssh_key")
    reach = {"user": "root", "port": 22, "identity_file": key, "connection": "ssh"}
    return [{"instance": host.name, "address": host.address, **reach} for host in hosts]


def ssh_config(lab: Lab, hosts: list[Host]) -> str:
    """The fleet for `ssh -F`; a host key that changed is refused."""
    options = (
        "User root",
        f'IdentityFile "{lab.directory}/ssh_key"',
        "IdentitiesOnly yes",
        f'UserKnownHostsFile "{lab.directory}/known_hosts"',
        "StrictHostKeyChecking yes",
        "LogLevel ERROR",
    )
    lines = []
    for host in hosts:
        lines += [f"Host {host.name} {host.address}", f"    HostName {host.address}"]
        lines += [f"    {option}" for option in options]
    return "\n".join([*lines, ""])


def write_folder(lab: Lab, hosts: list[Host], keys: list[str]) -> None:
    """Write how the hosts are reached: for ssh, for Ansible, for molecule."""
    known = [f"{h.address} {' '.join(key.split()[:2])}\n" for h, key in zip(hosts, keys)]
    text = yaml.safe_dump(inventory(lab, hosts), sort_keys=False)
    (lab.directory / "known_hosts").write_text("".join(known))
    (lab.directory / "ssh_config").write_text(f"{HEAD}{ssh_config(lab, hosts)}")
    (lab.directory / "inventory.yml").write_text(f"---\n{HEAD}{text}")
    if "MOLECULE_INSTANCE_CONFIG" in os.environ:
        instances = yaml.safe_dump(molecule_instances(lab, hosts))
        pathlib.Path(os.environ["MOLECULE_INSTANCE_CONFIG"]).write_text(instances)


def remove_folder(lab: Lab) -> None:
    """Remove what write_folder and its companions wrote, and nothing else."""
    for name in WRITTEN:
        (lab.directory / name).unlink(missing_ok=True)
    shutil.rmtree(lab.directory / "group_vars", ignore_errors=True)
    if "MOLECULE_INSTANCE_CONFIG" in os.environ:
        pathlib.Path(os.environ["MOLECULE_INSTANCE_CONFIG"]).write_text("[]\n")
    else:
        shutil.rmtree(lab.directory / "molecule", ignore_errors=True)
