"""The course of every contact: arrival, routing, waiting, handling, transfers, repeats, escalation.

A run is a pure function of world, rosters and faults. Contacts are taken in the order of time, each queue is
exact (see `staffing.Pool`), and every decision uses a draw that belongs to the contact.
"""

import heapq
import math
from collections import defaultdict
from dataclasses import dataclass, field, replace

import numpy as np
from seeds.simulator import draws
from seeds.simulator.centre import bots
from seeds.simulator.centre.bots import BotLeg, Bots
from seeds.simulator.centre.calendars import (
    CLOSES_SATURDAY,
    DAY,
    HOUR,
    HOURS,
    MAIL_HOURS,
    MAIL_WEEKDAYS,
    OPENS_SATURDAY,
    SATURDAY,
    WEEKDAYS,
)
from seeds.simulator.centre.staffing import Load, Pool, Shift, kept_for_long_waits
from seeds.simulator.centre.world import (
    CHANNELS,
    ENTRY_POINTS,
    FAMILY,
    LIVE,
    MAIL,
    PRODUCTS,
    SEGMENTS,
    Agent,
    World,
    product_of,
)
from seeds.simulator.faults import (
    CHANGE_DAYS,
    EFFECTS,
    KINDS,
    LONG_WAIT_SECONDS,
    Effect,
    Planted,
)

MAX_CONTACTS = 8
"""Contacts of one issue at most; the key of a contact is the issue times this, plus its place."""

# Slots of a contact's draws.
_PATH, _PATH_TO, _IVR, _PATIENCE, _PATIENCE2, _RESOLVED, _REPEAT, _DELAY, _DELAY2, _CHANNEL = range(10)
_TIER, _CODE, _CODE2, _WARM, _WORDS, _REASON, _REASON2, _RECORD, _OTHER, _SPREAD = range(10, 20)
_LEG = 20  # six slots for each of the first legs
_LEG_SLOTS, _LEGS = 6, 5
N_SLOTS = _LEG + _LEG_SLOTS * _LEGS

# Chances of the healthy centre.
CHANNEL_SHARES = {"voice": 0.56, "chat": 0.20, "email": 0.17, "web": 0.07}
WRONG_OPTION = 0.045
NO_OPTION = 0.06
TIER_UP = 0.045
CONSULTED = 0.45  # of those passed on, with a word to the next agent first
HELD, HOLD_SECONDS = 0.28, 60.0
REPEAT_UNRESOLVED, REPEAT_RESOLVED, RETRY_ABANDONED = 0.74, 0.035, 0.65
TALK = {"voice": (290.0, 0.62), "chat": (420.0, 0.55), "email": (400.0, 0.55), "web": (380.0, 0.5)}
SHORT_TALK = {"misroute": (75.0, 0.45), "triage": (55.0, 0.35), "bounce": (110.0, 0.4), "before": (95.0, 0.4)}
PATIENCE = {"voice": (420.0, 0.9), "chat": (520.0, 0.8)}
BY_CONTACT = (1.0, 2.2, 4.0, 6.5, 9.0, 12.0, 15.0, 15.0)
"""How the risk of an escalation grows with the contacts of an issue; what a contact adds grows, too."""
BY_SEGMENT = (0.9, 1.15, 1.6)


PILOT_SHARE = 4
"""The pilot run, which measures the expected load, takes every fourth issue."""


@dataclass(slots=True)
class Leg:
    """One party's share of a contact; times in UTC seconds, durations in seconds."""

    team: int
    kind: str  # home, misroute, triage, bounce, before, tier_up, callback
    enqueued: int
    answered: int | None
    ended: int
    agent: int
    talk: int
    hold: int
    n_holds: int
    wrap_up: int
    transfer: str
    end: str


@dataclass(slots=True)
class Contact:
    """One contact of an issue as it went."""

    issue: int
    seq: int
    channel: str
    started: int
    row: list[float]
    reason: int
    customer: int
    direction: str = "inbound"
    path_team: int = 0
    is_general: bool = False
    stops: list[tuple[int, str]] = field(default_factory=list)
    at: int = 0
    bot: BotLeg | None = None
    legs: list[Leg] = field(default_factory=list)
    touched: list[int] = field(default_factory=list)
    breaks: set[str] = field(default_factory=set)
    wait: float = 0.0
    ended: int = 0
    is_answered: bool = False
    is_resolved: bool = False
    is_trigger: bool = False
    has_words: bool = False
    escalates: bool = False

    @property
    def key(self) -> int:
        """A number of its own, the same in every run of one seed."""
        return self.issue * MAX_CONTACTS + self.seq

    @property
    def effects(self) -> list[Effect]:
        """What the faults that the contact meets do to its course."""
        if not self.breaks:
            return []
        return [EFFECTS[break_id] for break_id in sorted(self.breaks & EFFECTS.keys())]

    @property
    def is_helped_by_bot(self) -> bool:
        """Whether it ended with a bot that asked for nobody."""
        return self.bot is not None and not self.bot.asked

    @property
    def meets_people(self) -> bool:
        """Whether it gets as far as a queue: a bot that helps or loses it ends it before."""
        return self.bot is None or self.bot.outcome == bots.HANDED_ON

    @property
    def is_abandoned(self) -> bool:
        """Whether the customer left a queue before anybody answered."""
        return self.meets_people and not self.is_answered

    @property
    def is_transferred(self) -> bool:
        """Whether an agent passed it on."""
        return any(leg.transfer != "none" for leg in self.legs)

    @property
    def rule(self) -> str:
        """The alert rule that covers a contact with a trigger: words, wait, or third contact."""
        if self.has_words:
            return "AL-5"
        return "AL-2" if FAMILY[self.channel] == LIVE and self.wait > 600 else "AL-1"


@dataclass
class Course:
    """What a run gave: contacts in the order of their start, and what became of each issue."""

    contacts: list[Contact]
    escalated: dict[int, int]
    load: Load
    mean_risk: float


@dataclass(frozen=True)
class Journeys:
    """The issues that customers have, in the order of their first contact."""

    issue: draws.Ints
    reason: draws.Ints
    customer: draws.Ints
    channel: draws.Ints
    start: draws.Ints
    luck: draws.Floats
    brought_by: draws.Ints  # place of the fault that brings the issue; -1: it would be there anyway


def issues(world: World, faults: list[Planted], decoys: frozenset[str] = frozenset()) -> Journeys:
    """Draws who has which issue when; a change fault (B17) adds issues of its own."""
    base = _draw_issues(world, np.arange(world.n_journeys), None, decoys)
    parts = [base]
    first_free = world.n_journeys
    for place, fault in enumerate(faults):
        if fault.volume == 1.0:
            continue
        last = min(fault.end, fault.start + CHANGE_DAYS * DAY) if fault.break_id == "B17" else fault.end
        meets = (base.start >= fault.start) & (base.start < last) & _in_scope(world, base, fault)
        extra = round(int(np.count_nonzero(meets)) * (fault.volume - 1))
        numbers = np.arange(first_free, first_free + extra)
        first_free += extra
        drawn = _draw_issues(world, numbers, (fault, fault.start, last), decoys)
        parts.append(replace(drawn, brought_by=np.full(extra, place)))
    joined = [np.concatenate([getattr(part, name) for part in parts]) for name in Journeys.__annotations__]
    order = np.lexsort((joined[0], joined[4]))
    return Journeys(*(one[order] for one in joined))


def _in_scope(world: World, issues: Journeys, fault: Planted) -> draws.Bools:
    """The issues of a reason, or of a product's customers."""
    if fault.dimension == "product":
        return np.asarray(issues.customer % len(PRODUCTS) == PRODUCTS.index(fault.value))
    return np.asarray(issues.reason == _reason_named(world, fault.value))


def _reason_named(world: World, name: str) -> int:
    return next(one.index for one in world.reasons if one.name == name)


def _draw_issues(
    world: World, numbers: draws.Ints, only: tuple[Planted, float, float] | None, decoys: frozenset[str]
) -> Journeys:
    luck = draws.uniforms(draws.key(world.seed, "issue"), numbers, 8)
    weights = np.array([reason.weight for reason in world.reasons])
    if "high_volume" in decoys:
        weights[0] *= 6
    reason = np.searchsorted(np.cumsum(weights / weights.sum()), luck[:, 0]).clip(0, len(weights) - 1)
    if only and only[0].dimension == "reason":
        reason = np.full(len(numbers), _reason_named(world, only[0].value))
    if "new_product" in decoys:  # the last reason starts at half time: its earlier contacts do not happen
        late = (reason == len(weights) - 1) & (luck[:, 3] < 0.5)
        reason[late] = (reason[late] + 1 + numbers[late]) % (len(weights) - 1)
    customer = (luck[:, 1] ** 1.3 * world.n_customers).astype(np.int64)
    if "vip_mix" in decoys:
        customer = _mostly_enterprise(world, reason, customer, luck[:, 5])
    if only and only[0].dimension == "product":
        n_products = len(PRODUCTS)
        customer = customer // n_products * n_products + PRODUCTS.index(only[0].value)
        customer = np.where(customer < world.n_customers, customer, customer - n_products)
    shares = np.cumsum(list(CHANNEL_SHARES.values()))
    channel = np.searchsorted(shares / shares[-1], luck[:, 2]).clip(0, len(CHANNELS) - 1)
    start = np.zeros(len(numbers), dtype=np.int64)
    team = np.array([one.team for one in world.reasons])[reason]
    for clock in world.clocks.values():
        for family in (LIVE, MAIL):
            here = np.array([world.teams[one].clock is clock for one in team]) & (
                np.isin(channel, [CHANNELS.index(name) for name, one in FAMILY.items() if one == family])
            )
            if here.any():
                start[here] = _moments(world, clock.zone, family, luck[here, 3], only=only, decoys=decoys)
    return Journeys(
        numbers.astype(np.int64),
        reason.astype(np.int64),
        customer,
        channel.astype(np.int64),
        start,
        luck,
        np.full(len(numbers), -1),
    )


def _mostly_enterprise(
    world: World, reason: draws.Ints, customer: draws.Ints, luck: draws.Floats
) -> draws.Ints:
    """Half of the second team's contacts come from enterprise customers."""
    enterprise = np.flatnonzero(world.segments == 2)
    here = np.isin(reason, [one.index for one in world.reasons if one.team == 1]) & (luck < 0.5)
    chosen = enterprise[(luck * 2 * len(enterprise)).astype(np.int64).clip(0, len(enterprise) - 1)]
    return np.where(here, chosen, customer)


def _moments(
    world: World,
    zone: str,
    family: int,
    luck: draws.Floats,
    *,
    only: tuple[Planted, float, float] | None,
    decoys: frozenset[str],
) -> draws.Ints:
    """Arrival moments by the week's shape in local time; days differ more than chance (8 %)."""
    clock = world.clocks[zone]
    by_day, by_hour = (WEEKDAYS, HOURS) if family == LIVE else (MAIL_WEEKDAYS, MAIL_HOURS)
    margin = (world.centre.starts_on - clock.first).days
    noise = draws.uniforms(draws.key(world.seed, f"days/{zone}"), np.arange(world.centre.days), 2)
    factor = np.exp(0.08 * draws.normals(noise[:, 0], noise[:, 1]))
    weights, begins = [], []
    for day in range(world.centre.days):
        peak = 1.5 if "seasonal_peak" in decoys and 0.5 <= day / world.centre.days < 0.65 else 1.0
        weekday = clock.weekday(day + margin)
        is_short = family == LIVE and weekday == SATURDAY
        for hour in range(OPENS_SATURDAY, CLOSES_SATURDAY) if is_short else range(24):
            weight = by_day[weekday] * by_hour[hour] * factor[day] * peak
            if weight:
                begin = clock.moment(day + margin, hour * HOUR)
                if only and not only[1] <= begin < only[2]:
                    continue
                weights.append(weight)
                begins.append(begin)
    if not weights:  # a window without opening hours
        return np.full(len(luck), int(only[1] if only else world.start), dtype=np.int64)
    edges = np.cumsum(weights) / np.sum(weights)
    place = np.searchsorted(edges, luck).clip(0, len(weights) - 1)
    before = np.concatenate([[0.0], edges[:-1]])[place]
    within = (luck - before) / (edges[place] - before)
    moments = np.array(begins, dtype=np.int64)[place] + np.minimum(within, 0.99999) * HOUR
    return np.asarray(moments, dtype=np.int64)


class Engine:
    """One run of a centre. Use `run`."""

    def __init__(
        self,
        world: World,
        journeys: Journeys,
        faults: list[Planted],
        *,
        agents: list[Agent],
        shifts: list[Shift],
        base_risk: float,
        decoys: frozenset[str] = frozenset(),
    ) -> None:
        self.world, self.faults, self.decoys = world, faults, decoys
        self.base_risk = base_risk
        self.is_pilot = not agents
        self.sampled = PILOT_SHARE if self.is_pilot else 1
        self.pools = {} if self.is_pilot else _pools(world, agents, shifts)
        self.agents = agents
        self.contacts: list[Contact] = []
        self.escalated: dict[int, int] = {}
        self.journeys = journeys
        self.place = {int(issue): place for place, issue in enumerate(journeys.issue)}
        self.rows = draws.uniforms(draws.key(world.seed, "contact"), journeys.issue * MAX_CONTACTS, N_SLOTS)
        self.stream = draws.key(world.seed, "contact")
        self.heap: list[tuple[float, int, Contact, str]] = []
        self.load: dict[tuple[int, int, int, int], list[float]] = defaultdict(lambda: [0.0, 0.0])
        self.risks: dict[int, float] = {}
        self.ratios: dict[int, float] = {}
        self.lost_by_bots: dict[int, int] = {}
        self.touched_before: dict[int, set[int]] = {}
        self.worst: dict[int, tuple[float, int, bool]] = {}
        self.by_reason = self._scoped()
        self.bots = Bots(world)

    def _scoped(self) -> list[list[tuple[int, Planted]]]:
        """The faults drawn at arrival that a reason can meet."""
        found: list[list[tuple[int, Planted]]] = []
        for reason in self.world.reasons:
            home = self.world.teams[reason.team]
            team, flow = home.function, bots.flow_of(home)
            found.append(
                [
                    (number, fault)
                    for number, fault in enumerate(self.faults)
                    if (fault.dimension == "reason" and fault.value == reason.name)
                    or (fault.dimension == "team" and fault.value == team)
                    or (fault.dimension == "flow" and fault.value == flow)
                    or fault.dimension in ("channel", "segment", "product")
                ]
            )
        return found

    def run(self) -> Course:
        """Takes every contact through the centre."""
        starts = self.journeys.start[:: self.sampled].tolist()
        n, place = len(starts), 0
        heap = self.heap
        while place < n or heap:
            if place < n and (not heap or starts[place] <= heap[0][0]):
                self._first(place * self.sampled)
                place += 1
            else:
                moment, _, contact, step = heapq.heappop(heap)
                if step == "queue":
                    self._queue(contact, moment)
                else:
                    self._begin(contact)
        self.contacts.sort(key=lambda contact: (contact.started, contact.key))
        mean = sum(self.risks.values()) / max(1, len(self.risks))
        weeks = self.world.centre.days / 7
        scale = self.sampled / weeks
        load = {key: (n * scale, work * scale) for key, (n, work) in self.load.items()}
        return Course(self.contacts, self.escalated, load, mean)

    def _push(self, moment: float, contact: Contact, step: str) -> None:
        heapq.heappush(self.heap, (moment, contact.key, contact, step))

    def _first(self, place: int) -> None:
        journeys = self.journeys
        self._begin(
            Contact(
                issue=int(journeys.issue[place]),
                seq=0,
                channel=CHANNELS[journeys.channel[place]],
                started=int(journeys.start[place]),
                row=self.rows[place].tolist(),
                reason=int(journeys.reason[place]),
                customer=int(journeys.customer[place]),
            )
        )

    def _begin(self, contact: Contact) -> None:
        """Marks the contact with the faults it meets, and plans its way."""
        world, row = self.world, contact.row
        reason = world.reasons[contact.reason]
        self.contacts.append(contact)
        if contact.direction == "outbound":
            contact.stops = [(len(world.teams) - 1, "callback")]
            contact.path_team = len(world.teams) - 1
            self._push(contact.started, contact, "queue")
            return
        ivr = {"voice": 18 + int(40 * row[_IVR]), "chat": 4 + int(8 * row[_IVR])}.get(contact.channel, 0)
        at_queue = contact.started + ivr
        contact.bot = self.bots.speak(contact.key, contact.channel, reason.team, at_queue)
        self._meet_faults_of_bots(contact)
        self._meet_faults(contact)
        contact.path_team = reason.team
        general = len(world.teams) - 2
        home = (reason.team, "home")
        wrong = WRONG_OPTION
        triage = NO_OPTION * (3 if "triage" in self.decoys else 1)
        if "B01" in contact.breaks:
            contact.stops = [(self._partner(contact, "B01"), "misroute"), home]
        elif row[_PATH] < wrong and self._is_open(contact, self._wrong_team(contact)):
            contact.path_team = self._wrong_team(contact)
            contact.stops = [(contact.path_team, "misroute"), home]
        elif wrong <= row[_PATH] < wrong + triage and self._is_open(contact, general):
            contact.path_team, contact.is_general = general, True
            contact.stops = [(general, "triage"), home]
        else:
            contact.stops = [home]
        if "B02" in contact.breaks:
            contact.stops[-1:] = [(reason.team, "before"), (self._partner(contact, "B02"), "bounce"), home]
        if "B12" in contact.breaks and len(contact.stops) == 1:
            contact.stops[-1:] = [(reason.team, "before"), ((reason.team + 1) % general, "home")]
        if contact.bot is None:
            self._push(at_queue, contact, "queue")
        elif contact.meets_people:
            self._push(contact.bot.ended, contact, "queue")
        else:
            self._finish(contact, contact.bot.left, is_abandoned=False)

    def _wrong_team(self, contact: Contact) -> int:
        others = len(self.world.teams) - 3
        home = self.world.reasons[contact.reason].team
        return (home + 1 + int(contact.row[_PATH_TO] * others)) % (others + 1)

    def _is_open(self, contact: Contact, team: int) -> bool:
        """A menu does not offer a team that has gone home."""
        return FAMILY[contact.channel] == MAIL or self.world.teams[team].clock.is_open(contact.started)

    def _meet_faults_of_bots(self, contact: Contact) -> None:
        """Loses hand-offs of bots on their way (B18)."""
        if contact.bot is None or not contact.bot.asked:
            return
        for number, fault in self.by_reason[contact.reason]:
            is_met = (
                KINDS[fault.break_id].acts == "bot"
                and fault.is_in_force(contact.started)
                and fault.entry_point in (None, ENTRY_POINTS[contact.channel])
                and draws.uniform(fault.stream, contact.key) < fault.share
            )
            if is_met:
                self._touch(contact, number, fault)
                contact.bot = replace(contact.bot, outcome=bots.LOST_ON_THE_WAY)
                self.lost_by_bots[contact.issue] = self.lost_by_bots.get(contact.issue, 0) + 1

    def _meet_faults(self, contact: Contact) -> None:
        segment = int(self.world.segments[contact.customer])
        for number, fault in self.by_reason[contact.reason]:
            if not fault.is_in_force(contact.started):
                continue
            acts = KINDS[fault.break_id].acts
            if acts in ("arrival", "handoff"):
                is_met = contact.meets_people and draws.uniform(fault.stream, contact.key) < fault.share
            elif acts == "customer":
                is_met = (
                    fault.value == SEGMENTS[segment]
                    and draws.uniform(fault.stream, contact.customer) < fault.share
                )
            elif acts == "surge":
                is_met = fault.dimension == "reason" or product_of(contact.customer) == fault.value
            else:
                is_met = acts == "extra" and self.journeys.brought_by[self.place[contact.issue]] == number
            if is_met:
                self._touch(contact, number, fault)

    def _touch(self, contact: Contact, number: int, fault: Planted) -> None:
        contact.touched.append(number)
        contact.breaks.add(fault.break_id)
        seen = self.touched_before.setdefault(contact.issue, set())
        if number not in seen:
            seen.add(number)
            self.ratios[contact.issue] = self.ratios.get(contact.issue, 1.0) * fault.ratio

    def _partner(self, contact: Contact, break_id: str) -> int:
        return next(
            self.faults[number].partner
            for number in contact.touched
            if self.faults[number].break_id == break_id
        )

    def _queue(self, contact: Contact, moment: float) -> None:
        """Waits in the queue of the next stop, and is handled if an agent comes in time."""
        team, kind = contact.stops[contact.at]
        family = FAMILY[contact.channel]
        row = contact.row
        enqueued = int(moment)
        if kind == "callback" or family == MAIL:
            patience = math.inf
        else:
            median, sigma = PATIENCE[contact.channel]
            patience = draws.lognormal(median, sigma, row[_PATIENCE], row[_PATIENCE2])
            patience *= 1 + 2 * (contact.at > 0)  # who has spoken to somebody waits longer
        if self.is_pilot:
            taken: tuple[int, float] | None = (-1, enqueued)
        else:
            taken = self.pools[team, family].take(enqueued, patience)
        if taken is None:
            ended = enqueued + max(1, int(min(patience, 4 * HOUR)))
            contact.wait += ended - enqueued
            contact.legs.append(
                Leg(team, kind, enqueued, None, ended, -1, 0, 0, 0, 0, "none", "customer_disconnect")
            )
            self._finish(contact, ended, is_abandoned=True)
            return
        agent, start = taken
        answered = math.ceil(start)
        contact.wait += answered - enqueued
        talk, hold, n_holds, wrap_up = self._durations(contact, kind)
        is_last = contact.at + 1 == len(contact.stops)
        if is_last and kind == "home":
            is_last = not self._goes_up(contact)
        if not is_last and family == LIVE and not self.is_pilot:
            is_last = not self._can_pass_on(contact, answered + talk)
        ended = answered + talk + hold
        if not self.is_pilot:
            self.pools[team, family].occupy(ended + wrap_up)
        else:
            clock = self.world.teams[team].clock
            day, seconds = clock.local(enqueued)
            entry = self.load[team, family, clock.weekday(day), int(seconds // HOUR)]
            entry[0] += 1
            entry[1] += talk + hold + wrap_up
        transfer, end = ("none", "customer_disconnect" if row[_OTHER] < 0.7 else "agent_disconnect")
        if not is_last:
            is_warm = row[_WARM] < CONSULTED and not any(effect.is_cold for effect in contact.effects)
            transfer, end = ("consult" if is_warm else "blind"), "transfer"
        contact.legs.append(
            Leg(team, kind, enqueued, answered, ended, agent, talk, hold, n_holds, wrap_up, transfer, end)
        )
        contact.is_answered = True
        if is_last:
            self._finish(contact, ended, is_abandoned=False)
        else:
            contact.at += 1
            self._push(ended, contact, "queue")

    def _can_pass_on(self, contact: Contact, moment: float) -> bool:
        """Nobody passes a customer to a team that has gone home: the contact then ends unresolved."""
        team, _ = contact.stops[contact.at + 1]
        return self.world.teams[team].clock.is_open(moment)

    def _goes_up(self, contact: Contact) -> bool:
        """Hard contacts go up a tier; a denied action (B05) sends half of its contacts there, too."""
        specialists = len(self.world.teams) - 1
        chance = TIER_UP + sum(effect.tier_up for effect in contact.effects)
        if contact.row[_TIER] >= chance:
            return False
        contact.stops.append((specialists, "tier_up"))
        return True

    def _durations(self, contact: Contact, kind: str) -> tuple[int, int, int, int]:
        """Talk, hold, number of holds and wrap-up of a leg, log-normal, in whole seconds."""
        slot = _LEG + _LEG_SLOTS * min(len(contact.legs), _LEGS - 1)
        u = contact.row[slot : slot + _LEG_SLOTS]
        reason = self.world.reasons[contact.reason]
        if kind in SHORT_TALK:
            median, sigma = SHORT_TALK[kind]
            talk = draws.lognormal(median, sigma, u[0], u[1])
        else:
            median, sigma = TALK[contact.channel]
            talk = draws.lognormal(median * reason.talk_factor, sigma, u[0], u[1])
            talk *= 1.0 + sum(effect.talk for effect in contact.effects)
        hold = 0.0
        if contact.channel == "voice" and kind not in ("triage", "callback"):
            chance = HELD + (sum(effect.hold_chance for effect in contact.effects) if kind == "home" else 0.0)
            if u[2] < chance:
                median = HOLD_SECONDS + sum(effect.hold_seconds for effect in contact.effects)
                hold = draws.lognormal(median, 0.6, u[3], u[4])
        wrap_up = 12 + 45 * u[5] + (20 if kind == "home" else 0)
        n_holds = 0 if hold < 1 else 1 + int(u[2] * 100) % 2
        return max(5, int(talk)), int(hold), n_holds, int(wrap_up)

    def _finish(self, contact: Contact, ended: int, is_abandoned: bool) -> None:
        self._settle(contact, ended, is_abandoned)
        contact.row = []  # a hundred thousand rows of draws are a burden

    def _settle(self, contact: Contact, ended: int, is_abandoned: bool) -> None:
        """What came of the contact: resolved, repeated, escalated."""
        row = contact.row
        contact.ended = ended
        if contact.direction == "outbound":
            contact.is_resolved = True
            return
        issue = contact.issue
        wait, n_handoffs, was_misrouted = self.worst.get(issue, (0.0, 0, False))
        # What a fault brought about is in its risk ratio already.
        if FAMILY[contact.channel] == LIVE and not self._is_short_of_staff(contact):
            wait = max(wait, contact.wait)
        if not any(effect.adds_legs for effect in contact.effects):
            n_handoffs += max(0, len(contact.legs) - 1)
            was_misrouted = was_misrouted or (contact.meets_people and contact.stops[0][1] == "misroute")
        self.worst[issue] = (wait, n_handoffs, was_misrouted)
        contact.has_words = row[_WORDS] < 0.015 * (1 + contact.seq)
        is_third = contact.seq >= 2 and contact.started - self.journeys.start[self.place[issue]] <= 14 * DAY
        has_waited = FAMILY[contact.channel] == LIVE and contact.wait > 600
        contact.is_trigger = bool(contact.has_words or is_third or has_waited)
        self._judge_end(contact, is_abandoned)
        if is_abandoned and not contact.is_answered:
            if row[_REPEAT] < RETRY_ABANDONED:
                self._repeat(contact, 0.02 + 0.6 * row[_DELAY] ** 2)
            return
        contact.is_resolved = row[_RESOLVED] < self._chance_to_resolve(contact, is_abandoned)
        if contact.is_helped_by_bot:  # nobody who asks for nobody demands more authority
            self.risks.setdefault(issue, 0.0)
        elif self._escalates(contact):
            contact.escalates = True
            self.escalated[issue] = ended
            self._call_back(contact)
            return
        again = REPEAT_RESOLVED if contact.is_resolved else REPEAT_UNRESOLVED
        if row[_REPEAT] < again:
            self._repeat(contact, draws.lognormal(1.8, 0.8, row[_DELAY], row[_DELAY2]))

    def _chance_to_resolve(self, contact: Contact, is_abandoned: bool) -> float:
        """Who is helped by a bot mostly has an answer; else only the team of the reason gives it."""
        if contact.is_helped_by_bot:
            return bots.CONTAINED_RESOLVED
        if not contact.legs or contact.legs[-1].kind not in ("home", "tier_up") or is_abandoned:
            return 0.0
        chance = self.world.reasons[contact.reason].resolution * (0.93 if contact.seq else 1.0)
        if contact.seq >= 3:
            chance = max(chance, 0.75)
        if "harder_reason" in self.decoys and contact.reason == 0:
            chance -= 0.1
        for effect in contact.effects:
            chance *= effect.resolution
        return chance

    def _judge_end(self, contact: Contact, is_abandoned: bool) -> None:
        """Meets the faults that depend on how the contact went."""
        for number, fault in self.by_reason[contact.reason]:
            if KINDS[fault.break_id].acts != "end" or not fault.is_in_force(contact.started):
                continue
            if self.is_pilot:
                continue
            talk = sum(leg.talk for leg in contact.legs)
            is_alarming = contact.channel == fault.value and contact.is_trigger and contact.is_answered
            is_short = contact.is_answered and talk < fault.shortest_talk
            is_met = {
                "B07": is_alarming
                and (contact.has_words or draws.uniform(fault.stream, contact.key) < fault.share),
                "B08": is_short or (fault.excludes_transferred and contact.is_transferred),
                "B14": FAMILY[contact.channel] == LIVE and (contact.wait > LONG_WAIT_SECONDS or is_abandoned),
            }[fault.break_id]
            if is_met:
                self._touch(contact, number, fault)

    def _escalates(self, contact: Contact) -> bool:
        """One draw for each issue, against a risk that only grows: experiences, or the faults it met."""
        issue = contact.issue
        wait, n_handoffs, was_misrouted = self.worst[issue]
        # A contact that a bot's fault lost is in the risk ratio already, as is the one that follows from it.
        natural = BY_CONTACT[max(0, contact.seq - self.lost_by_bots.get(issue, 0))]
        natural *= (1.3 if wait > LONG_WAIT_SECONDS else 1.0) * (1.35 if n_handoffs >= 2 else 1.0)
        natural *= 1.2 if was_misrouted else 1.0
        reason = self.world.reasons[contact.reason]
        factor = reason.risk_factor * BY_SEGMENT[self.world.segments[contact.customer]]
        if "harder_reason" in self.decoys and contact.reason == 0:
            factor *= 2.0
        risk = factor * natural * self.ratios.get(issue, 1.0)
        self.risks[issue] = max(self.risks.get(issue, 0.0), risk)
        luck = float(self.journeys.luck[self.place[issue], 4])
        return luck < self.base_risk * self.risks[issue]

    def _next_row(self, contact: Contact) -> list[float]:
        key = np.array([contact.key + 1])
        found: list[float] = draws.uniforms(self.stream, key, N_SLOTS)[0].tolist()
        return found

    def _repeat(self, contact: Contact, days: float) -> None:
        if contact.seq + 2 >= MAX_CONTACTS:
            return
        row = self._next_row(contact)
        channel = contact.channel
        if row[_CHANNEL] > 0.78:
            channel = CHANNELS[int((row[_CHANNEL] - 0.78) / 0.22 * len(CHANNELS))]
        moment = contact.ended + max(0.01, days) * DAY
        if FAMILY[channel] == LIVE:
            moment = self.world.teams[self.world.reasons[contact.reason].team].clock.next_open(
                moment, row[_SPREAD]
            )
        self._follow(contact, channel, moment, row)

    def _follow(
        self, contact: Contact, channel: str, moment: float, row: list[float], direction: str = "inbound"
    ) -> None:
        """The next contact of the issue, unless the run is over by then."""
        if moment >= self.world.end:
            return
        again = Contact(
            issue=contact.issue,
            seq=contact.seq + 1,
            channel=channel,
            started=int(moment),
            row=row,
            reason=contact.reason,
            customer=contact.customer,
            direction=direction,
        )
        self._push(again.started, again, "begin")

    def _is_short_of_staff(self, contact: Contact) -> bool:
        """Whether a capacity fault (B14) is in force at the contact's team."""
        return any(
            fault.break_id == "B14" and fault.is_in_force(contact.started)
            for _, fault in self.by_reason[contact.reason]
        )

    def _call_back(self, contact: Contact) -> None:
        """The specialists call a customer who escalated, within the next opening hours."""
        row = self._next_row(contact)
        clock = self.world.teams[-1].clock
        wait = draws.lognormal(4 * HOUR, 0.7, row[_DELAY], row[_DELAY2])
        moment = clock.after_business(contact.ended + HOUR, min(wait, 30 * HOUR) * 0.6)
        moment = clock.next_open(moment, row[_SPREAD])
        self._follow(contact, "voice", moment, row, "outbound")


def _pools(world: World, agents: list[Agent], shifts: list[Shift]) -> dict[tuple[int, int], Pool]:
    by_team: dict[tuple[int, int], dict[int, list[tuple[int, int]]]] = {
        (team.index, family): {} for team in world.teams for family in (LIVE, MAIL)
    }
    for agent in agents:
        by_team[agent.team, agent.family][agent.index] = []
    for shift in shifts:
        if not shift.is_absent:
            agent = agents[shift.agent]
            by_team[agent.team, agent.family][agent.index].append((shift.start, shift.end))
    return {key: Pool(times) for key, times in by_team.items()}


def thin_out(
    world: World, faults: list[Planted], agents: list[Agent], shifts: list[Shift], load: Load
) -> list[Shift]:
    """Rosters under a capacity fault (B14): as many absent as give its share of long waits by Erlang C."""
    for fault in faults:
        if fault.break_id != "B14":
            continue
        team = world.team_named(fault.value)

        def is_hit(shift: Shift, team: int = team.index, fault: Planted = fault) -> bool:
            agent = agents[shift.agent]
            return agent.team == team and agent.family == LIVE and fault.is_in_force(shift.start)

        hours = [load.get((team.index, LIVE, 2, hour), (0.0, 0.0)) for hour in range(9, 18)]
        n, work = (sum(values) for values in zip(*hours, strict=True))
        planned = [shift for shift in shifts if is_hit(shift) and not shift.is_absent]
        days = len({shift.start // DAY for shift in planned})
        on_shift = sum(shift.end - shift.start for shift in planned) / max(1, days) / (12 * HOUR)
        kept = kept_for_long_waits(round(on_shift), n / len(hours), work / max(1.0, n), fault.share)
        shifts = [
            replace(shift, is_absent=True)
            if is_hit(shift) and draws.uniform(fault.stream, shift.agent, shift.start // DAY) >= kept
            else shift
            for shift in shifts
        ]
    return shifts
