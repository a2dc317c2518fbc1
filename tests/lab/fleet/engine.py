# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The container engine and the fleet's hosts, as lab-env and the shared platform list say."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import subprocess

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]


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
        said = (done.stderr.strip() or done.stdout.strip()).decode(errors="replace")
        raise LabError(f"{' '.join(command[:2])}: {said}")
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
