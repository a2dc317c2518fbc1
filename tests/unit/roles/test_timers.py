# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The units that the roles write, as text, for what a user may wish."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROLES = Path(__file__).resolve().parents[3] / "roles"
LONG = [None, "", "classic", "default", "tlsserver"]
BRIEF = ["shortlived", "week", "classic-7d"]
BY_ROLE = pytest.mark.parametrize("role", ["renewal", "certbot"])


def rendered(role: str, file: str, **changed: Any) -> dict[str, list[str]]:
    """The values of each key of a template of a role."""
    loader = DataLoader()
    variables: dict[str, Any] = {}
    for folder in ("defaults", "vars"):
        path = ROLES / role / folder / "main.yml"
        variables.update(loader.load_from_file(str(path), trusted_as_template=True))
    variables.update({"issuer_home": "/home", "issuer_budget_seconds": 600, **changed})
    text = (ROLES / role / "templates" / file).read_text(encoding="utf-8")
    templar = Templar(loader=loader, variables=variables)
    lines = templar.template(trust_as_template(text)).splitlines()
    found: dict[str, list[str]] = {}
    for key, sign, value in (line.partition("=") for line in lines):
        if sign and not key.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def timer(role: str, *profiles: str | None, **changed: Any) -> tuple[str, str]:
    """When a role's timer has renewals looked for, and how much later at the latest."""
    wishes = [{"name": "a", "source": "certbot", "profile": profile} for profile in profiles]
    file = {"renewal": "hitless-edge-renew.timer.j2", "certbot": "certbot.timer.j2"}[role]
    found = rendered(role, file, **{f"{role}_certificates": wishes, **changed})
    return found["OnCalendar"][-1], found["RandomizedDelaySec"][-1]


@BY_ROLE
@pytest.mark.parametrize("profiles", [[], *([one] for one in LONG), LONG])
def test_what_is_known_to_live_for_weeks_is_looked_for_twice_a_day(
    role: str, profiles: list[str | None]
) -> None:
    """Each host at a moment of its own."""
    assert timer(role, *profiles) == ("*-*-* 0/12:00:00", "12h")


@BY_ROLE
@pytest.mark.parametrize("profile", BRIEF)
def test_what_is_not_known_may_live_for_days(role: str, profile: str) -> None:
    """One of them among others is enough."""
    assert timer(role, *LONG, profile) == ("hourly", "1h")


@BY_ROLE
def test_a_wish_without_a_word_about_profiles_lives_long(role: str) -> None:
    """As of those that write their own list."""
    wishes = {f"{role}_certificates": [{"name": "a", "source": "certbot"}]}
    assert timer(role, **wishes) == ("*-*-* 0/12:00:00", "12h")


@BY_ROLE
def test_a_calendar_of_the_user_is_kept_to_the_second(role: str) -> None:
    """Whatever the profiles are."""
    assert timer(role, "shortlived", **{f"{role}_calendar": "*:0/5"}) == ("*:0/5", "0")


@pytest.mark.parametrize("calendar", [None, "*:0/5"])
def test_a_random_delay_of_the_user_is_kept(calendar: str | None) -> None:
    """With a calendar of the user's and without."""
    chosen = {"renewal_calendar": calendar, "renewal_random_delay": "4min"}
    assert timer("renewal", **chosen)[1] == "4min"


@pytest.mark.parametrize("metrics", ["/var/lib/metrics", ""])
@pytest.mark.parametrize("unit", ["renew", "sync"])
def test_a_folder_that_is_not_there_stops_no_unit(unit: str, metrics: str) -> None:
    """Systemd would not start it. Source: systemd.exec(5), ReadWritePaths."""
    file = f"hitless-edge-{unit}.service.j2"
    (paths,) = rendered("renewal", file, renewal_metrics_directory=metrics)["ReadWritePaths"]
    assert [path for path in paths.split() if not path.startswith("-/")] == []
    assert "-/home" in paths.split()
    assert ("-/var/lib/metrics" in paths.split()) == (unit == "sync" and bool(metrics))


def test_renewal_waits_for_the_right_time() -> None:
    """What is due is told by the clock."""
    found = rendered("renewal", "hitless-edge-renew.service.j2")
    assert "time-sync.target" in found["After"][0].split()
