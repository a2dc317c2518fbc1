# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module hands the wish over and tells what came of it."""

from __future__ import annotations

from ansible_collections.hitless.edge.plugins.module_utils._core.reader import parse
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.options import MODEL
from ansible_collections.hitless.edge.plugins.module_utils._haproxy.staging import parse_wish
from ansible_collections.hitless.edge.plugins.modules.haproxy_config import ensure, spec
from fake_haproxy import FakeHaproxy, config, digest_of


def test_a_wish_is_staged() -> None:
    """With all that its reload needs to know."""
    haproxy = FakeHaproxy()
    haproxy.write(config(), {})
    haproxy.start()
    text = config("# new\n")
    wish = parse({"config": text, "digest": digest_of(text)}, "", parse_wish)
    change = ensure(haproxy.host.ports, wish)
    assert change.is_needed
    assert change.result["digest"] == digest_of(text)


def test_it_takes_the_model_for_its_action_plugin() -> None:
    """Users give these, the plugin the rest."""
    assert set(MODEL) < set(spec().options)
    assert {"config", "maps", "digest"} < set(spec().options)
