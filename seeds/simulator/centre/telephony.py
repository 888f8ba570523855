"""Records contacts, legs, queue intervals, sentiment and surveys."""

from collections import Counter

from seeds.simulator.centre.bots import BotLeg
from seeds.simulator.centre.calendars import DAY, HOUR
from seeds.simulator.centre.chronicle import Chronicle
from seeds.simulator.centre.engine import Contact, Leg
from seeds.simulator.centre.world import CANARY_TEXT, CHANNELS, ENTRY_POINTS, FAMILY, LIVE, Team

INTERVAL = 1800
_N_SLOTS = 12
RESOLVED_BY_NAME = 0.66
"""Share of the resolved contacts that are noted as such; the others are noted as questions answered."""
SENTIMENT_MODEL = "sentiment-2"


def record(story: Chronicle, cases: dict[int, str]) -> None:
    """Records the telephony tables; `cases` names the case of a contact's key, where it has one."""
    contacts = story.course.contacts
    luck = story.luck("telephony", [contact.key for contact in contacts], _N_SLOTS)
    for place, contact in enumerate(contacts):
        u = luck[place].tolist()
        _contact(story, contact, cases.get(contact.key), u)
        if contact.is_answered and contact.direction == "inbound":
            _sentiment(story, contact, u)
            _survey(story, contact, cases.get(contact.key), u)
    _intervals(story)


def entry(story: Chronicle, contact: Contact, luck: float) -> tuple[str | None, str | None]:
    """Path through the menu and reason noted there. The menu knows what the customer chose, no more."""
    world = story.world
    reason = world.reasons[contact.reason]
    chosen = world.teams[contact.path_team]
    if contact.direction == "outbound" or contact.channel == "email":
        return None, None
    if contact.is_general:
        return (chosen.ivr_path if contact.channel == "voice" else "other"), "general"
    path = chosen.ivr_path if contact.channel == "voice" else f"topic:{chosen.function}"
    if contact.path_team != reason.team:
        others = [one.name for one in world.reasons if one.team == contact.path_team]
        return path, others[int(luck * len(others))] if others else None
    return path, reason.name


def _contact(story: Chronicle, contact: Contact, case_id: str | None, u: list[float]) -> None:
    world = story.world
    reason = world.reasons[contact.reason]
    contact_id = story.contact_id(contact)
    path, at_entry = entry(story, contact, u[0])
    at_close = None
    if contact.is_answered:
        others = [one.name for one in world.reasons if one.team == reason.team]
        at_close = reason.name if u[1] < 0.97 else others[int(u[0] * len(others))]
        at_close = at_close if u[2] < 0.985 else None
    is_voice = contact.channel == "voice"
    ani = world.phone(contact.customer) if is_voice else None
    email = None if is_voice else world.email(contact.customer)
    if ani and u[3] < 0.02:
        ani = "anonymous"
    customer_id = world.customer_id(contact.customer) if u[4] < (0.82 if is_voice else 0.97) else None
    ended_by = "agent" if contact.legs and contact.legs[-1].end != "customer_disconnect" else "customer"
    disposition = dispose(contact, u[5])
    has_answer = contact.is_answered
    n_before = 1 if contact.bot else 0
    story.recorder.add(
        "contacts", contact_id, contact_id, contact.channel, contact.direction, contact.started,
        contact.ended, customer_id, ani, email, case_id if u[6] < 0.985 else None,
        ENTRY_POINTS[contact.channel], path, at_entry, at_close, disposition, contact.is_abandoned,
        has_answer, contact.ended + 60, contact.key,
        contact.issue, contact.seq, reason.name, contact.is_resolved, contact.wait, ended_by,
        len(contact.legs) + n_before,
    )  # fmt: skip
    if contact.bot:
        _bot_leg(story, contact_id, contact.bot)
    came_by = None
    for seq, leg in enumerate(contact.legs, 1 + n_before):
        team = world.teams[leg.team]
        story.recorder.add(
            "legs", contact_id, seq, queue_of(team, contact.channel), story.phone_agent(leg.agent),
            "human" if leg.answered else None, None, is_authenticated(leg, came_by, is_voice),
            leg.enqueued, leg.enqueued, leg.answered, leg.ended, leg.talk if leg.answered else None,
            leg.hold if leg.answered else None, leg.wrap_up if leg.answered else None, leg.transfer, leg.end,
            team.team_id, leg.kind, leg.n_holds,
        )  # fmt: skip
        came_by = leg.transfer
    for number in contact.touched:
        story.recorder.add("touches", contact_id, contact.issue, story.faults[number].fault_id)


def _bot_leg(story: Chronicle, contact_id: str, bot: BotLeg) -> None:
    """A bot's leg has no queue and no agent: nobody waits for it, and nobody is moved by its hand-off."""
    story.recorder.add(
        "legs", contact_id, 1, None, None, "bot", bot.flow_id, None, bot.started, None, None, bot.ended,
        None, None, None, "none", "transfer" if bot.asked else "customer_disconnect", None, "bot", 0,
    )  # fmt: skip


def is_authenticated(leg: Leg, came_by: str | None, is_voice: bool) -> bool | None:
    """Whether the agent asks who the customer is: the first one does, and whoever gets the customer cold."""
    if not leg.answered or not is_voice:
        return None
    return came_by in (None, "blind")


def queue_of(team: Team, channel: str) -> str:
    """The queue of a team that takes a channel; forms without a queue of their own come in by mail."""
    return team.queues.get(channel, team.queues["email"])


def dispose(contact: Contact, luck: float) -> str | None:
    """What the agent notes at the end. A premature closure (B13) notes what is not so; a few note nothing."""
    if not contact.is_answered or luck > 0.985:
        return None
    if contact.direction == "outbound":
        return "callback_done"
    if contact.breaks & {"B04", "B13"}:
        return "resolved"
    if contact.is_resolved:
        return "resolved" if luck < RESOLVED_BY_NAME else "question_answered"
    if contact.legs[-1].kind == "misroute":
        return "wrong_department"
    return "resolved" if luck < 0.12 else ("follow_up" if luck < 0.75 else "other")


def _sentiment(story: Chronicle, contact: Contact, u: list[float]) -> None:
    if FAMILY[contact.channel] != LIVE or u[7] > 0.85:
        return
    score = 1.2 + 1.8 * contact.is_resolved - 0.9 * contact.seq - min(2.0, contact.wait / 300)
    score -= 1.0 * (len(contact.legs) - 1) + 3.0 * contact.escalates + 1.5 * contact.has_words
    score += 3.0 * (u[8] + u[9] - 1)
    story.recorder.add(
        "sentiment", story.contact_id(contact), round(max(-5.0, min(5.0, score)), 1), "minus5_5", "customer",
        contact.ended + 300, SENTIMENT_MODEL,
    )  # fmt: skip


def _survey(story: Chronicle, contact: Contact, case_id: str | None, u: list[float]) -> None:
    if u[10] > 0.20:
        return
    sent = contact.ended + HOUR
    is_answered = u[11] < 0.25 + 0.1 * contact.escalates
    mood = 3.6 + 1.0 * contact.is_resolved - 0.5 * contact.seq - 0.8 * contact.escalates + 1.6 * (u[8] - 0.5)
    value = float(max(1, min(5, round(mood)))) if is_answered else None
    answered = sent + int(u[9] * 2 * DAY) if is_answered else None
    story.recorder.add(
        "surveys", f"SV-{contact.key:08d}", story.contact_id(contact), case_id,
        "csat", value, sent, answered, f"{CANARY_TEXT} comment" if is_answered else None,
    )  # fmt: skip


def _intervals(story: Chronicle) -> None:
    """Half-hours of every queue: who was on shift, what was offered, what was answered."""
    world = story.world
    offered: Counter[tuple[str, int]] = Counter()
    answered: Counter[tuple[str, int]] = Counter()
    for contact in story.course.contacts:
        if contact.direction == "outbound":
            continue
        for leg in contact.legs:
            key = (queue_of(world.teams[leg.team], contact.channel), leg.enqueued // INTERVAL * INTERVAL)
            offered[key] += 1
            answered[key] += leg.answered is not None
    staffed: Counter[tuple[int, int, int]] = Counter()
    for shift in story.shifts:
        if not shift.is_absent and world.start <= shift.start < world.end:
            agent = story.agents[shift.agent]
            for begin in range(shift.start // INTERVAL * INTERVAL, shift.end, INTERVAL):
                staffed[agent.team, agent.family, begin] += 1
    for team in world.teams:
        for channel in CHANNELS:
            if channel not in team.queues:
                continue
            queue_id, family = team.queues[channel], FAMILY[channel]
            begins = {begin for one, kind, begin in staffed if one == team.index and kind == family}
            begins |= {begin for queue, begin in offered if queue == queue_id}
            for begin in sorted(begins):
                story.recorder.add(
                    "queue_intervals", queue_id, begin, float(staffed[team.index, family, begin]),
                    offered[queue_id, begin], answered[queue_id, begin],
                )  # fmt: skip
