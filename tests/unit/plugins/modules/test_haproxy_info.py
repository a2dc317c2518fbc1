# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module tells and changes nothing."""

from __future__ import annotations

from ansible_collections.hitless.edge.plugins.module_utils._haproxy.inspection import Inspection
from ansible_collections.hitless.edge.plugins.modules.haproxy_info import ensure, spec
from fake_haproxy import FakeHaproxy


def test_a_look_is_no_change() -> None:
    """Also where there is nothing to see."""
    change = ensure(Inspection(FakeHaproxy(installed=False).host.ports))
    assert not change.is_needed
    assert change.result["installed"] is False


def test_defaults_of_options_and_look_are_the_same() -> None:
    """Whoever calls."""
    ports = FakeHaproxy().host.ports
    defaults = {name: option.get("default") for name, option in spec().options.items()}
    assert Inspection.from_params(ports, defaults) == Inspection(ports)
