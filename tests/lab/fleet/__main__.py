# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes and removes the lab's fleets: `tests/lab/lab-env python tests/lab/fleet up|down|roots`.

A fleet is the hosts of .config/molecule/config.yml as containers with systemd and sshd, in a
network of their own. `up` creates or starts what is missing, waits until each host is ready, and
writes the fleet's folder: inventory.yml, ssh_config, ssh_key, known_hosts. `roots` fetches Pebble's
root certificate into it, `down` removes everything. The folder, the network and the container names
come from lab-env.
"""

from __future__ import annotations

import concurrent.futures
import os
import pathlib
import sys

import access
import first_boot
from engine import Host, Lab, LabError, build_images, hosts_of

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
MANY_HOSTS = (
    "Where many containers run, inotify instances may be used up; more of them: "
    "sysctl fs.inotify.max_user_instances=512"
)
# Waits until systemd has finished and no unit failed; starts sshd; prints the host's key.
READY = """
for attempt in $(seq 300); do
    state=$(systemctl is-system-running 2> /dev/null)
    case $state in running | degraded) break ;; esac
    sleep 0.2
done
[ "$state" = running ] || { echo "systemd is $state"; systemctl --failed --no-legend; exit 1; } >&2
systemctl -q enable --now ssh && cat /etc/ssh/ssh_host_ed25519_key.pub
"""


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


def ensure_container(lab: Lab, host: Host, *, name_server: str) -> None:
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


def boot(lab: Lab, host: Host, hosts: list[Host]) -> str:
    """Bring one host up; its public host key."""
    ensure_container(lab, host, name_server=hosts[0].address)
    container = lab.container(host)
    files = first_boot.archive(first_boot.files(lab, host, hosts))
    lab.call("exec", "-i", container, "tar", "-C", "/", "-x", stdin=files)
    try:
        return lab.call("exec", container, "sh", "-c", READY).strip()
    except LabError as error:
        raise LabError(f"{host.name} does not come up: {error}\n{MANY_HOSTS}") from None


def up(lab: Lab) -> None:
    """Make the fleet, or what is missing of it."""
    hosts = hosts_of(lab, build_images())
    lab.directory.mkdir(parents=True, exist_ok=True)
    access.ensure_key(lab)
    ensure_network(lab)
    with concurrent.futures.ThreadPoolExecutor(len(hosts)) as pool:
        keys = list(pool.map(lambda host: boot(lab, host, hosts), hosts))
    access.write_folder(lab, hosts, keys)
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
    access.remove_folder(lab)
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
        sys.stderr.write(f"usage: tests/lab/lab-env python tests/lab/fleet {'|'.join(verbs)}\n")
        return 2
    try:
        verbs[sys.argv[1]](Lab.from_environment())
    except LabError as error:
        sys.stderr.write(f"lab: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
