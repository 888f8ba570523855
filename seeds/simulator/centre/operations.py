"""Records quality, knowledge use, permissions, alerts and risk scores around each contact."""

import math
from dataclasses import dataclass

import numpy as np
from seeds.simulator import draws
from seeds.simulator.centre.calendars import DAY, HOUR
from seeds.simulator.centre.chronicle import Chronicle
from seeds.simulator.centre.engine import Contact, Leg
from seeds.simulator.centre.organisation import (
    ARTICLES_PER_REASON,
    article_id,
    stale_article,
)
from seeds.simulator.centre.world import CANARY_TEXT, CHANNELS

_N_SLOTS = 28
MIN_TALK_SECONDS = 20
EVALUATORS = 6
QUESTIONS = (
    ("greeting", "behaviour"), ("listening", "behaviour"), ("tone", "behaviour"),
    ("identification", "process"), ("documentation", "process"), ("closing", "process"),
    ("accuracy", "knowledge"), ("completeness", "knowledge"),
)  # fmt: skip
ITEM_FAILED = 0.06
ITEM_AGREEMENT = 0.93
SEARCHED, ZERO_RESULT = 0.55, 0.03
ACTION_NEEDED, DENIED = 0.25, 0.004
ALERT_FIRED = 0.97
SCORE_MISSED = 0.01
RISK_MODEL = "risk-7"


def record(story: Chronicle, cases: dict[int, str]) -> None:
    """Records the tables of quality, knowledge and operations; `cases` as in `telephony.record`."""
    plans = _plans(story)
    contacts = story.course.contacts
    luck = story.luck("operations", [contact.key for contact in contacts], _N_SLOTS)
    for place, contact in enumerate(contacts):
        if contact.direction == "outbound" or not contact.is_answered:
            continue
        u = luck[place].tolist()
        case_id = cases.get(contact.key)
        _quality(story, contact, u, plans)
        _knowledge(story, contact, case_id, u)
        _permissions(story, contact, case_id, u)
        _alerts(story, contact, case_id, u)
    _risk_scores(story)


Plans = dict[int, list[tuple[int, int, bool]]]
"""By team: since when (epoch seconds), shortest talk that is sampled, whether transfers are left out."""


def _plans(story: Chronicle) -> Plans:
    """The sampling plan of each team, with its versions."""
    world = story.world
    since = world.start - 400 * DAY
    found: Plans = {}
    for team in world.teams:
        changed = [
            (fault, (fault.shortest_talk, fault.excludes_transferred))
            for fault in story.faults
            if fault.break_id == "B08" and fault.value == team.function
        ]
        found[team.index] = []
        for start, end, rule in story.versions((MIN_TALK_SECONDS, False), since, changed):
            story.recorder.add(
                "plans", plan_id(team.index), team.team_id, *rule, list(CHANNELS), world.centre.qa_rate,
                start, end,
            )  # fmt: skip
            found[team.index].append((start, *rule))
    return found


def plan_id(team: int) -> str:
    """The sampling plan of a team."""
    return f"PLAN-{team + 1:02d}"


def _quality(story: Chronicle, contact: Contact, u: list[float], plans: Plans) -> None:
    leg = next(one for one in reversed(contact.legs) if one.answered is not None)
    home = story.world.reasons[contact.reason].team
    _, shortest, excludes = [one for one in plans[home] if one[0] <= contact.started][-1]
    is_eligible = sum(one.talk for one in contact.legs) >= shortest
    is_eligible = is_eligible and not (excludes and contact.is_transferred)
    rate = story.world.centre.qa_rate
    is_sampled = is_eligible and u[0] < rate
    contact_id = story.contact_id(contact)
    story.recorder.add(
        "samples", plan_id(home), contact_id, is_eligible, rate if is_eligible else 0.0, is_sampled
    )
    if is_sampled:
        _evaluate(story, contact, leg, contact_id, u)


Items = list[tuple[str, str, bool]]
"""Name and kind of each question of an evaluation, and whether it was failed."""


@dataclass(frozen=True)
class _Scoring:
    """What a second evaluator says of a contact; `luck` of the score lies in [0, 1)."""

    evaluator: int
    items: Items
    luck: float


def _evaluate(story: Chronicle, contact: Contact, leg: Leg, contact_id: str, u: list[float]) -> None:
    evaluation_id = f"QA-{contact.key:08d}"
    submitted = contact.ended + int((1 + 5 * u[1]) * DAY)
    if submitted >= story.world.end:
        return
    results = []
    for place, (item, kind) in enumerate(QUESTIONS):
        chance = ITEM_FAILED + 0.03 * (not contact.is_resolved)
        if kind == "knowledge" and "B04" in contact.breaks:
            chance = 0.6
        if item == "documentation" and "B12" in contact.breaks:
            chance = 0.4
        results.append((item, kind, u[2 + place] < chance))
    evaluator = int(u[11] * EVALUATORS)
    second = _second_scoring(story, contact, evaluator, results)
    session = f"CAL-{submitted // (7 * DAY)}" if u[12] < 0.05 or second else None

    def submit(name: str, evaluator: int, moment: int, items: Items, luck: float) -> None:
        score = 100 - 11 * sum(failed for *_, failed in items) - 6 * luck
        story.recorder.add(
            "evaluations", name, contact_id, story.quality_agent(leg.agent), f"ev{1 + evaluator:02d}",
            round(max(0.0, score), 1), moment, "submitted", False, session, moment - 900,
        )  # fmt: skip
        story.recorder.extend(
            "evaluation_items",
            [(name, item, kind, 0.0 if failed else 1.0, failed, item) for item, kind, failed in items],
        )

    submit(evaluation_id, evaluator, submitted, results, u[10])
    if second and submitted + HOUR < story.world.end:
        submit(f"{evaluation_id}-2", second.evaluator, submitted + HOUR, second.items, second.luck)


def _second_scoring(story: Chronicle, contact: Contact, evaluator: int, items: Items) -> _Scoring | None:
    """How another evaluator scores the same contact, if one does: most items as the first one did."""
    stream = draws.key(story.world.seed, "second scoring")
    u = draws.uniforms(stream, np.array([contact.key]), 3 + len(items))[0].tolist()
    if u[0] >= story.world.centre.second_score_share:
        return None
    other = (evaluator + 1 + int(u[1] * (EVALUATORS - 1))) % EVALUATORS
    judged = [
        (item, kind, failed if luck < ITEM_AGREEMENT else not failed)
        for (item, kind, failed), luck in zip(items, u[3:], strict=True)
    ]
    return _Scoring(other, judged, u[2])


def _home_leg(contact: Contact) -> Leg | None:
    return next((leg for leg in contact.legs if leg.kind == "home" and leg.answered is not None), None)


def _knowledge(story: Chronicle, contact: Contact, case_id: str | None, u: list[float]) -> None:
    leg = _home_leg(contact)
    stale = story.met(contact, "B04")
    searched = SEARCHED
    if "confounded_knowledge" in story.decoys:
        searched = 0.35 if contact.is_resolved else 0.9
    if leg is None or leg.answered is None or (u[13] >= searched and not contact.breaks & {"B03", "B04"}):
        return
    reason = story.world.reasons[contact.reason]
    is_empty = "B03" in contact.breaks or u[14] < ZERO_RESULT
    middle = leg.answered + max(1, leg.talk // 3)
    agent = story.phone_agent(leg.agent)
    contact_id = story.contact_id(contact)

    def use(number: int, kind: str, article: str | None, version: str | None, moment: int) -> None:
        story.recorder.add(
            "usage", f"U-{contact.key:08d}-{number}", kind, article, version, case_id, contact_id, agent,
            moment, f"{CANARY_TEXT} {reason.name}" if article is None else None,
        )  # fmt: skip

    use(0, "zero_result" if is_empty else "search", None, None, middle)
    if is_empty:
        return
    article, version = _current(story, contact, int(u[15] * 1.25) % ARTICLES_PER_REASON)
    if stale:
        article, version = stale_article(story.faults, story.faults.index(stale)), "v3"
    use(1, "view", article, version, middle + 20)
    if case_id and (stale or u[16] < 0.6):
        use(2, "link", article, version, leg.ended)


def _current(story: Chronicle, contact: Contact, place: int) -> tuple[str, str]:
    """The article of a reason in its version of that moment; see `organisation` for the dates."""
    world = story.world
    first = int(120 * draws.uniform(draws.key(world.seed, "article"), contact.reason, place))
    n_since = max(0, int(contact.started - (world.start - first * DAY)) // (120 * DAY))
    return article_id(contact.reason, place), f"v{3 + n_since}"


def _permissions(story: Chronicle, contact: Contact, case_id: str | None, u: list[float]) -> None:
    leg = _home_leg(contact)
    is_denied = "B05" in contact.breaks or u[18] < DENIED
    if leg is None or leg.answered is None or (u[17] >= ACTION_NEEDED and not is_denied):
        return
    moment = leg.answered + max(1, leg.talk // 2)
    contact_id = story.contact_id(contact)
    action = story.world.reasons[contact.reason].action
    story.recorder.add(
        "permission_events", f"P-{contact.key:08d}", moment, story.phone_agent(leg.agent), "agent", action,
        "denied" if is_denied else "granted", case_id, contact_id,
    )  # fmt: skip


def _alerts(story: Chronicle, contact: Contact, case_id: str | None, u: list[float]) -> None:
    """Each contact that a rule covers should raise one alert within the hour."""
    if not contact.is_trigger:
        return
    contact_id = story.contact_id(contact)
    story.recorder.add("expected_alerts", contact.rule, contact_id, contact.ended + HOUR)
    if "B07" in contact.breaks or u[19] >= ALERT_FIRED:
        return
    fired = contact.ended + 60 + int(900 * u[20])
    story.recorder.add(
        "alerts", f"AR-{contact.key:08d}", contact.rule, case_id, contact_id,
        story.world.customer_id(contact.customer), fired, fired + int(HOUR * 0.2 / (0.05 + u[21])),
    )  # fmt: skip


def _risk_scores(story: Chronicle) -> None:
    """One score for each customer before the run, and a fresh one in the night after each contact."""
    world, add = story.world, story.recorder.add
    first = story.luck("risk", list(range(world.n_customers)), 2)
    for customer in range(world.n_customers):
        moment = world.start - int(DAY * (1 + 30 * first[customer, 0]))
        add("risk_scores", world.customer_id(customer), _score(0.0, first[customer, 1]), moment, RISK_MODEL)
    contacts = [contact for contact in story.course.contacts if contact.direction == "inbound"]
    luck = story.luck("risk/contact", [contact.key for contact in contacts], 2)
    done: set[tuple[int, int]] = set()
    for place, contact in enumerate(contacts):
        night = contact.ended // DAY * DAY + DAY + 2 * HOUR
        is_frozen = "B09" in contact.breaks
        key = (contact.customer, night)
        if night >= world.end or key in done or is_frozen or luck[place, 0] < SCORE_MISSED:
            continue
        done.add(key)
        burden = 0.9 * contact.seq + min(2.0, contact.wait / 600) * (contact.channel in ("voice", "chat"))
        burden += 0.8 * (not contact.is_resolved) + 1.5 * contact.has_words + 0.6 * (len(contact.legs) > 2)
        add(
            "risk_scores",
            world.customer_id(contact.customer),
            _score(burden, luck[place, 1]),
            night,
            RISK_MODEL,
        )


def _score(burden: float, luck: float) -> float:
    return round(100 / (1 + math.exp(3.2 - burden - 1.5 * (luck - 0.5))), 1)
