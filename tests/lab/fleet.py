#!/usr/bin/env python3
# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes and removes the lab's fleets: `tests/lab/lab-env tests/lab/fleet.py up|down|roots`.

A fleet is the hosts of .config/molecule/config.yml as containers with systemd and sshd, in a
network of their own. `up` creates or starts what is missing, waits until each host is ready, and
writes the fleet's folder: inventory.yml, ssh_config, ssh_key, known_hosts. `roots` fetches Pebble's
root certificate into it, `down` removes everything. The folder, the network and the container names
come from lab-env.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import io
import ipaddress
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import time

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONNECTIONS = {"podman": "containers.podman.podman", "docker": "community.docker.docker"}
# No --privileged: the image's lab-init does the rest inside the container's own namespaces.
RUN_ARGUMENTS = (
    "--cap-add=NET_ADMIN",
    "--cap-add=NET_RAW",
    "--cap-add=SYS_ADMIN",
    "--cgroupns=private",
    "--security-opt=apparmor=unconfined",
    "--security-opt=label=disable",
)
ENGINE_ARGUMENTS = {
    "podman": ("--systemd=always",),
    "docker": ("--env=container=docker", "--security-opt=seccomp=unconfined"),
}
# Systemd has finished, no unit failed, sshd runs; prints the host's key.
READY = """
for _ in $(seq 300); do
    state=$(systemctl is-system-running 2> /dev/null)
    case $state in running | degraded) break ;; esac
    sleep 0.2
done
[ "$state" = running ] || { echo "systemd is $state"; systemctl --failed --no-legend; exit 1; } >&2
systemctl -q enable --now ssh && cat /etc/ssh/ssh_host_ed25519_key.pub
"""


class LabError(Exception):
    """A command of the lab failed; the text says which and why."""


@dataclasses.dataclass(frozen=True)
class Host:
    """One host of the fleet."""

    name: str
    groups: tuple[str, ...]
    image: str
    address: str


@dataclasses.dataclass(frozen=True)
class Lab:
    """Where and how a fleet runs, as lab-env says."""

    engine: str
    connection: str
    prefix: str
    net: str
    directory: pathlib.Path

    @classmethod
    def from_environment(cls) -> Lab:
        """Read what lab-env exports."""
        try:
            names = ("LAB_ENGINE", "LAB_CONNECTION", "LAB_PREFIX", "LAB_NET", "LAB_DIRECTORY")
            engine, connection, prefix, net, directory = (os.environ[name] for name in names)
        except KeyError as missing:
            raise LabError(f"{missing} is not set: run this through tests/lab/lab-env") from None
        return cls(engine, connection, prefix, net, pathlib.Path(directory))

    def container(self, host: Host) -> str:
        """The container's name."""
        return f"{self.prefix}-{host.name}"

    def call(self, *arguments: str, stdin: bytes = b"") -> str:
        """Run the engine; its standard output."""
        return call(self.engine, *arguments, stdin=stdin)

    def has(self, kind: str, name: str) -> bool:
        """Whether the engine knows a container or network of this name."""
        with contextlib.suppress(LabError):
            return bool(self.call(kind, "inspect", name))
        return False


def call(*command: str, stdin: bytes = b"") -> str:
    """Run a command; its standard output. Raises: LabError with its words if it fails."""
    done = subprocess.run(command, input=stdin, capture_output=True, check=False)
    if done.returncode:
        said = (
            done.stderr.decode(errors="replace").strip()
            or done.stdout.decode(errors="replace").strip()
        )
        raise LabError(f"{' '.join(command)[:200]}: {said}")
    return done.stdout.decode()


def build_images() -> dict[str, str]:
    """The images by kind and release; missing ones are built, which the user sees."""
    done = subprocess.run(
        [ROOT / "tests/lab/build-images"], stdout=subprocess.PIPE, check=False, text=True
    )
    if done.returncode:
        raise LabError("the lab's images could not be built (see above)")
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def platforms() -> list[dict[str, object]]:
    """The shared platform list."""
    config = yaml.safe_load((ROOT / ".config/molecule/config.yml").read_text())
    return list(config["platforms"])


def hosts_of(lab: Lab, images: dict[str, str]) -> list[Host]:
    """The fleet's hosts; the infra host first, because the others ask it for names."""
    hosts = [
        Host(
            name=str(platform["name"]),
            groups=tuple(platform["groups"]),  # type: ignore[arg-type]
            image=images.get(f"{platform['image']}-{platform['release']}", ""),
            address=f"{lab.net}.{platform['address']}",
        )
        for platform in platforms()
    ]
    return sorted(hosts, key=lambda host: "infra" not in host.groups)


def ensure_network(lab: Lab) -> None:
    """Create the fleet's network unless it is there."""
    if lab.has("network", lab.prefix):
        return
    own_names = ("--disable-dns",) if lab.engine == "podman" else ()
    subnet = (f"--subnet={lab.net}.0/24", f"--gateway={lab.net}.1")
    try:
        lab.call("network", "create", *own_names, *subnet, lab.prefix)
    except LabError as error:
        raise LabError(
            f"{error}\nIs {lab.net}.0/24 in use here? Choose another: LAB_NET=10.x.y make ..."
        ) from None


def pip_cache() -> pathlib.Path:
    """The folder where all hosts of all fleets keep what pip downloaded."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    folder = cache / "hitless-lab" / "pip"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def ensure_container(lab: Lab, host: Host, name_server: str) -> None:
    """Create the host, or start it where it is stopped."""
    container = lab.container(host)
    if lab.has("container", container):
        lab.call("start", container)
        return
    names = () if "infra" in host.groups else (f"--dns={name_server}", "--dns-search=.")
    lab.call(
        "run",
        "--detach",
        f"--name={container}",
        f"--hostname={host.name}",
        f"--label=hitless.lab={lab.prefix}",
        f"--network={lab.prefix}",
        f"--ip={host.address}",
        f"--volume={pip_cache()}:/root/.cache/pip",
        *names,
        *RUN_ARGUMENTS,
        *ENGINE_ARGUMENTS[lab.engine],
        host.image,
    )


def pip_settings() -> dict[str, str]:
    """What pip needs to reach its index from here: indexes on the network, the CA bundle to trust.

    Empty on a machine that needs nothing special. Folders of this machine are left out: the hosts
    do not have them.
    """
    said = {}
    for line in call(sys.executable, "-m", "pip", "config", "list").splitlines():
        key, _, value = line.partition("=")
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


def first_boot_files(lab: Lab, host: Host, hosts: list[Host]) -> dict[str, str]:
    """What a provider would put on a new machine: our ssh key, the way to pip's index, the names."""
    files = {"root/.ssh/authorized_keys": (lab.directory / "ssh_key.pub").read_text()}
    settings = pip_settings()
    if "cert" in settings:
        files["etc/lab/pip-ca.pem"] = pathlib.Path(settings.pop("cert")).read_text()
        settings["cert"] = "/etc/lab/pip-ca.pem"
    if settings:
        files["etc/pip.conf"] = "\n".join(
            ["[global]", *(f"{key} = {value}" for key, value in settings.items()), ""]
        )
    if "infra" in host.groups:
        files["etc/lab/dns.json"] = json.dumps(dns_settings(hosts))
    return files


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


def boot(lab: Lab, host: Host, hosts: list[Host]) -> str:
    """Bring one host up; its public host key."""
    name_server = hosts[0].address
    ensure_container(lab, host, name_server)
    container = lab.container(host)
    lab.call(
        "exec",
        "-i",
        container,
        "tar",
        "-C",
        "/",
        "-x",
        stdin=archive(first_boot_files(lab, host, hosts)),
    )
    try:
        return lab.call("exec", container, "sh", "-c", READY).strip()
    except LabError as error:
        raise LabError(f"{host.name} does not come up: {error}") from None


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
        "ansible_ssh_common_args": f"-F {lab.directory / 'ssh_config'}",
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


def write_folder(lab: Lab, hosts: list[Host], keys: list[str]) -> None:
    """Write how the hosts are reached: for ssh, for Ansible, for molecule."""
    head = "# Written by tests/lab/fleet.py\n"
    known, config = [], [head]
    options = f"User root\n    IdentityFile {lab.directory}/ssh_key\n    IdentitiesOnly yes\n"
    options += f"    UserKnownHostsFile {lab.directory}/known_hosts\n    LogLevel ERROR\n"
    for host, key in zip(hosts, keys):
        known.append(f"{host.address} {' '.join(key.split()[:2])}\n")
        config.append(
            f"Host {host.name} {host.address}\n    HostName {host.address}\n    {options}"
        )
    (lab.directory / "known_hosts").write_text("".join(known))
    (lab.directory / "ssh_config").write_text("".join(config))
    text = yaml.safe_dump(inventory(lab, hosts), sort_keys=False)
    (lab.directory / "inventory.yml").write_text(f"---\n{head}{text}")
    if "MOLECULE_INSTANCE_CONFIG" in os.environ:
        instances = yaml.safe_dump(molecule_instances(lab, hosts))
        pathlib.Path(os.environ["MOLECULE_INSTANCE_CONFIG"]).write_text(instances)


def up(lab: Lab) -> None:
    """Make the fleet, or what is missing of it."""
    ipaddress.ip_network(f"{lab.net}.0/24")
    hosts = hosts_of(lab, build_images())
    lab.directory.mkdir(parents=True, exist_ok=True)
    ensure_key(lab)
    ensure_network(lab)
    with concurrent.futures.ThreadPoolExecutor(len(hosts)) as pool:
        keys = list(pool.map(lambda host: boot(lab, host, hosts), hosts))
    write_folder(lab, hosts, keys)
    sys.stdout.write(
        f"lab: {len(hosts)} hosts are up in {lab.net}.0/24 ({lab.engine}, {lab.connection})\n"
    )


def down(lab: Lab) -> None:
    """Remove the fleet and its folder; other fleets and other people's files stay."""
    containers = lab.call("ps", "-aq", "--filter", f"label=hitless.lab={lab.prefix}").split()
    if containers:
        at_once = ("-t", "0") if lab.engine == "podman" else ()
        lab.call("rm", "-f", "-v", *at_once, *containers)
    if lab.has("network", lab.prefix):
        lab.call("network", "rm", lab.prefix)
    for name in (
        "inventory.yml",
        "ssh_config",
        "ssh_key",
        "ssh_key.pub",
        "known_hosts",
        "roots.pem",
    ):
        (lab.directory / name).unlink(missing_ok=True)
    shutil.rmtree(lab.directory / "group_vars", ignore_errors=True)
    if "MOLECULE_INSTANCE_CONFIG" in os.environ:
        pathlib.Path(os.environ["MOLECULE_INSTANCE_CONFIG"]).write_text("[]\n")
    sys.stdout.write(f"lab: {len(containers)} hosts removed\n")


def roots(lab: Lab) -> None:
    """Fetch the root of the certificates that Pebble issues at present."""
    infra = next(host for host in hosts_of(lab, {}) if "infra" in host.groups)
    text = lab.call("exec", lab.container(infra), "cat", "/etc/lab/roots.pem")
    (lab.directory / "roots.pem").write_text(text)


def main() -> int:
    """Run the one verb; 0 if it worked."""
    verbs = {"up": up, "down": down, "roots": roots}
    if len(sys.argv) != 2 or sys.argv[1] not in verbs:
        sys.stderr.write(f"usage: tests/lab/lab-env tests/lab/fleet.py {'|'.join(verbs)}\n")
        return 2
    try:
        verbs[sys.argv[1]](Lab.from_environment())
    except LabError as error:
        sys.stderr.write(f"lab: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
