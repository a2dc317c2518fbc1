# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The domain packages as one file that Python runs: the command `hitless-edge`.

A zip archive after a ``#!`` line (PEP 441). The same sources give the same bytes on every
controller: sorted names, one date, and nothing compressed, since two versions of zlib compress to
different bytes. Not compressed, it also starts quicker.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping

from .._core.errors import Fault, InvalidInput

PACKAGES = ("_core", "_pki", "_acme", "_haproxy", "_edge", "_certbot", "_renewal", "_command")
NOT_PACKED = ("_core/module.py", "_command/packing.py")
"""What only a controller or a module needs; the first imports Ansible, which hosts do not have."""

TOP = "hitless_edge"
LICENCE = (
    b"# Copyright: the hitless.edge authors\n"
    b"# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)\n"
    b"# SPDX-License-Identifier: GPL-3.0-or-later\n"
)
MAIN = LICENCE + (
    b"import sys\n\nfrom hitless_edge._command.cli import main\n\nsys.exit(main(sys.argv))\n"
)
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date that a zip archive can hold
UNIX = 3
READABLE = 0o100644 << 16  # where zip archives keep st_mode

SHEBANG_LENGTH = 127
"""Source: execve(2), "Interpreter scripts": the limit before Linux 5.1, with the line's end."""

_INTERPRETER = re.compile(r"/[^\s\0]+", re.ASCII)


def is_packed(name: str) -> bool:
    """Whether a file belongs into the command; ``name``: its path below module_utils."""
    package, _unused, rest = name.partition("/")
    return package in PACKAGES and rest.endswith(".py") and name not in NOT_PACKED


def pack(sources: Mapping[str, bytes], interpreter: str) -> bytes:
    """The command as the bytes of one executable file.

    ``sources``: path below module_utils -> content; what does not belong into it is left out.
    ``-I`` after the interpreter: neither the caller's environment nor files of his own take part.
    Raises: `InvalidInput` if no ``#!`` line can name the interpreter.
    """
    members = {f"{TOP}/{name}": text for name, text in sources.items() if is_packed(name)}
    members[f"{TOP}/__init__.py"] = LICENCE
    members["__main__.py"] = MAIN
    archive = io.BytesIO()
    archive.write(_shebang(interpreter))
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_STORED) as handle:
        for name in sorted(members):
            handle.writestr(_entry(name), members[name])
    return archive.getvalue()


def _shebang(interpreter: str) -> bytes:
    line = f"#!{interpreter} -I\n".encode()
    if not _INTERPRETER.fullmatch(interpreter):
        fault = Fault("interpreter", f"{interpreter!r} is not an absolute path without spaces")
        raise InvalidInput([fault])
    if len(line) > SHEBANG_LENGTH:
        fault = Fault("interpreter", f"has over {SHEBANG_LENGTH} letters", "use a shorter path")
        raise InvalidInput([fault])
    return line


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.create_system = UNIX
    entry.external_attr = READABLE
    return entry
