"""Records what stands: teams, queues, agents, skills, rosters, calendars, policies, customers, articles."""

from datetime import date
from itertools import product

import numpy as np
from seeds.simulator import draws
from seeds.simulator.centre import calendars
from seeds.simulator.centre.calendars import DAY, HOUR
from seeds.simulator.centre.chronicle import Chronicle
from seeds.simulator.centre.world import (
    CANARY_HOST,
    CANARY_NAME,
    CANARY_TEXT,
    CHANNELS,
    GENERAL,
    PRODUCTS,
    SEGMENTS,
    SPECIALISTS,
    World,
)
from seeds.simulator.faults import Planted

EPOCH = date(1970, 1, 1)
TIERS = ("basic", "plus", "vip")
SLA_HOURS = {"urgent": 8, "high": 16, "normal": 48, "low": 96}
"""Business hours within which a case should be resolved, by priority."""
REPLY_HOURS = {"urgent": 2, "high": 4, "normal": 24, "low": 48}
"""Calendar hours within which a case should have a first reply, by priority."""
ESCALATION_MINUTES = 60
SEVERITIES = ("major", "critical")
ALERT_RULES: dict[str, tuple[str, float | None, str]] = {
    "AL-1": ("repeat", 3.0, "third contact within 14 days"),
    "AL-2": ("wait", 600.0, "wait of more than 600 seconds"),
    "AL-5": ("words", 1.0, "escalation words"),
}
"""By id: what a rule looks for, the value that it fires at, and its condition in words."""
LANGUAGE = "en"
ARTICLES_PER_REASON = 2
REVIEW_DAYS = 180


def record(story: Chronicle) -> None:
    """Records the tables that do not depend on the course of contacts."""
    _places(story)
    _people(story)
    _rules(story)
    _customers(story)
    _articles(story)


def _before(world: World) -> int:
    """The moment since when everything that stands has been in force."""
    return world.start - 400 * DAY


def article_id(reason: int, place: int) -> str:
    """The id of an article of a reason."""
    return f"KB-{1000 + reason * ARTICLES_PER_REASON + place}"


def _places(story: Chronicle) -> None:
    world, add = story.world, story.recorder.add
    since = _before(world)
    for team in world.teams:
        add("teams", team.team_id, team.title, team.function, since, None, team.clock.zone, team.tier)
        for channel, queue_id in team.queues.items():
            add(
                "queues", queue_id, f"{team.title} {channel}", team.title, team.team_id, team.tier, channel,
                team.function == GENERAL, False, LANGUAGE, calendar_id(team.clock.zone), since, None,
            )  # fmt: skip
    for zone in world.clocks:
        for weekday in range(6):
            opens, closes = (
                (calendars.OPENS_SATURDAY, calendars.CLOSES_SATURDAY)
                if weekday == calendars.SATURDAY
                else (calendars.OPENS, calendars.CLOSES)
            )
            hours = (f"{opens:02d}:00", f"{closes:02d}:00")
            add("calendars", calendar_id(zone), zone, weekday + 1, *hours, since, None)
        first = world.centre.starts_on.year
        for year in range(first, first + 3):
            for month, day in calendars.HOLIDAYS:
                add("holidays", calendar_id(zone), (date(year, month, day) - EPOCH).days)


def escalation_level(severity: str) -> int:
    """The level of the hierarchy that the policy names for a severity."""
    return SEVERITIES.index(severity) + 2


def calendar_id(zone: str) -> str:
    """The opening hours of a zone."""
    return f"CAL-{zone.split('/')[1][:3].upper()}"


def policy_id(zone: str) -> str:
    """The service level policy of a zone's teams: its business clock runs in that zone's opening hours."""
    return f"SLA-{zone.split('/')[1][:3].upper()}"


def _people(story: Chronicle) -> None:
    world, add = story.world, story.recorder.add
    for agent in story.agents:
        team = world.teams[agent.team]
        hired = (agent.hired_on - EPOCH).days
        since = hired * DAY
        role = "specialist" if team.function == SPECIALISTS else "agent"
        add(
            "agents", agent.agent_id, story.phone_agent(agent.index), story.desk_agent(agent.index),
            story.quality_agent(agent.index), team.team_id, role, team.tier, hired, since, None,
            f"{CANARY_NAME} Agent{agent.index + 1:04d}", f"a{agent.index + 1}@{CANARY_HOST}",
        )  # fmt: skip
        for skill in agent.skills:
            add("agent_skills", agent.agent_id, skill, 1 + agent.index % 3, since, None)
        if team.function == SPECIALISTS:
            for other in world.teams[:-1]:
                if other.function not in agent.skills:
                    add("agent_skills", agent.agent_id, other.function, 3, since, None)
    for shift in story.shifts:
        if world.start <= shift.start < world.end:
            add("rosters", story.agents[shift.agent].agent_id, shift.start, shift.end, shift.is_absent)


def _rules(story: Chronicle) -> None:
    world, add = story.world, story.recorder.add
    since = _before(world)
    for reason in world.reasons:
        team = world.teams[reason.team]
        add("routing_expectations", reason.name, team.function, team.title, reason.action, since, None)
        for severity in SEVERITIES:
            level = escalation_level(severity)
            add(
                "escalation_policy", reason.name, severity, ESCALATION_MINUTES // (level - 1),
                world.teams[-1].team_id, level, since, None,
            )  # fmt: skip
    for zone, (priority, hours) in product(world.clocks, SLA_HOURS.items()):
        policy = policy_id(zone)
        add(
            "sla_policies", policy, "resolution", priority, hours * HOUR, "business", calendar_id(zone),
            since, None,
        )  # fmt: skip
        add(
            "sla_policies", policy, "first_reply", priority, REPLY_HOURS[priority] * HOUR, "calendar", None,
            since, None,
        )  # fmt: skip
    for rule_id in ALERT_RULES:
        _alert_rule(story, rule_id, since)
    stream = draws.key(world.seed, "change")
    for number in range(world.centre.days // 10):
        moment = world.start + int((number + draws.uniform(stream, number, 1)) * 10 * DAY)
        kind = ("release", "price", "policy")[number % 3]
        # A change that was announced well brings nobody to the phone.
        add("changes", f"CH-{number + 1:03d}", kind, None, PRODUCTS[number % len(PRODUCTS)], moment)
    for number, fault in enumerate(story.faults, 1):
        if fault.break_id == "B17":
            touched = PRODUCTS[number % len(PRODUCTS)]
            add("changes", f"CH-9{number:02d}", "release", fault.value, touched, int(fault.start))


def _alert_rule(story: Chronicle, rule_id: str, since: int) -> None:
    """One rule; a fault (B07) takes a channel out of the rule on words while it lasts."""
    changed = [
        (fault, [one for one in CHANNELS if one != fault.value])
        for fault in story.faults
        if fault.break_id == "B07" and rule_id == "AL-5"
    ]
    for start, end, channels in story.versions(list(CHANNELS), since, changed):
        story.recorder.add("alert_rules", rule_id, *ALERT_RULES[rule_id], channels, True, start, end)


def _customers(story: Chronicle) -> None:
    world = story.world
    luck = draws.uniforms(draws.key(world.seed, "customer"), np.arange(world.n_customers), 6)
    zones = list(world.clocks)
    rows = []
    for customer in range(world.n_customers):
        zone = zones[int(luck[customer, 2] * len(zones))]
        phones = [world.phone(customer)]
        if luck[customer, 3] < 0.15:
            phones.append(world.second_phone(customer))
        accounts = [world.account(customer)] if customer % 3 == 0 else []
        merged = customer - 1 if customer and luck[customer, 4] < 0.005 else None
        rows.append(
            (
                world.customer_id(customer), SEGMENTS[world.segments[customer]], TIERS[world.tiers[customer]],
                zone.split("/")[0], zone, phones, [world.email(customer)], accounts,
                None if merged is None else world.customer_id(merged), bool(luck[customer, 5] < 0.003),
                world.start - int((30 + 900 * luck[customer, 3]) * DAY),
                f"{CANARY_NAME} Customer{customer:07d}",
            )
        )  # fmt: skip
    story.recorder.extend("customers", rows)


def _articles(story: Chronicle) -> None:
    world, add = story.world, story.recorder.add
    stream = draws.key(world.seed, "article")
    for reason in world.reasons:
        for place in range(ARTICLES_PER_REASON):
            first = int(120 * draws.uniform(stream, reason.index, place))
            published = [world.start - (first + back) * DAY for back in (240, 120, 0)]
            published += [
                moment
                for moment in range(world.start - first * DAY + 120 * DAY, world.end, 120 * DAY)
                if moment > world.start
            ]
            for version, moment in enumerate(published, 1):
                status = "published" if version == len(published) else "archived"
                add(
                    "articles", article_id(reason.index, place), f"v{version}", status, reason.name,
                    PRODUCTS[reason.index % len(PRODUCTS)], "en", moment, moment // DAY + REVIEW_DAYS, None,
                    f"{reason.name.replace('_', ' ')}: steps {place + 1}", f"{CANARY_TEXT} article text",
                )  # fmt: skip
    for number, fault in enumerate(story.faults, 1):
        if fault.break_id == "B04":
            published_at = int(fault.start) - 420 * DAY
            add(
                "articles", stale_article(story.faults, number - 1), "v3", "published", fault.value,
                PRODUCTS[0], "en", published_at, published_at // DAY + REVIEW_DAYS, None,
                f"{fault.value.replace('_', ' ')}: how it used to be", f"{CANARY_TEXT} article text",
            )  # fmt: skip


def stale_article(faults: list[Planted], place: int) -> str:
    """The article that a knowledge fault (B04) puts into the agents' hands."""
    return faults[place].extra.get("article", f"KB-9{place + 1:02d}")
