"""Registry of the faults that can be planted: where each one sits, and how it is bound to a centre."""

from dataclasses import dataclass

from seeds.simulator import draws
from seeds.simulator.centre import bots
from seeds.simulator.centre.calendars import DAY
from seeds.simulator.centre.world import (
    CHANNELS,
    ENTRY_POINTS,
    GENERAL,
    PRODUCTS,
    SEGMENTS,
    SPECIALISTS,
    World,
)
from seeds.simulator.scenario import INTENSITIES, Fault, ScenarioError


@dataclass(frozen=True)
class Kind:
    """What a fault is: the dimension its scope is written in, when it acts, and what it does."""

    dimension: str
    # arrival: drawn for each contact; bot: for each that its bot hands on; customer: for each customer;
    # end: judged by what happened; surge: for each contact in its scope, and it brings further ones
    acts: str
    effect: str


KINDS: dict[str, Kind] = {
    "B01": Kind("reason", "arrival", "the routing table sends the reason to another team, which passes it on cold"),
    "B02": Kind("team", "arrival", "the team passes contacts to a partner team and gets them back"),
    "B03": Kind("reason", "arrival", "no article answers: searches find nothing, holds grow, fewer are resolved"),
    "B04": Kind("reason", "arrival", "an article past its review date is used and gives wrong answers"),
    "B05": Kind("team", "arrival", "agents of the team are denied an action that the reason needs"),
    "B06": Kind("team", "arrival", "a synchronisation fails: the notes of these cases stay hidden from the next agent"),
    "B07": Kind("channel", "end", "alerts that should fire do not: the rule does not cover the channel"),
    "B08": Kind("team", "end", "the sampling plan excludes short contacts of the team"),
    "B09": Kind("segment", "customer", "risk scores of these customers are no longer refreshed"),
    "B10": Kind("team", "arrival", "service level clocks are paused without a word to the customer, cases wait"),
    "B11": Kind("team", "arrival", "cases wait for an owner long beyond the target"),
    "B12": Kind("team", "handoff", "contacts are passed on cold, without note and with another reason code"),
    "B13": Kind("reason", "arrival", "contacts are noted as resolved that are not"),
    "B14": Kind("team", "end", "fewer agents work than planned: waits grow with the load"),
    "B15": Kind("reason", "arrival", "escalations that the policy demands are not made, or go to the wrong team"),
    "B17": Kind("reason", "extra", "a change brings additional contacts"),
    "B18": Kind("flow", "bot", "a bot asks for a human, and nobody is called: the customer waits for nothing"),
    # Causes that no export records: no break of the catalogue explains their escalations.
    "outage": Kind("product", "surge", "a product fails, and nobody records it: many more contacts, who escalate"),
    "rumour": Kind("reason", "surge", "a rumour about a price: more contacts of a reason, who escalate"),
}  # fmt: skip


@dataclass(frozen=True)
class Surge:
    """A cause outside the catalogue at medium intensity: it lasts so long, with so many times the contacts and
    the risk. Weak and strong take a quarter and twice of what is above the usual.
    """

    days: int
    volume: float
    risk: float


SURGES = {"outage": Surge(10, 3.0, 4.0), "rumour": Surge(112, 1.5, 3.0)}
_EXCESS = {"weak": 0.25, "medium": 1.0, "strong": 2.0}


@dataclass(frozen=True)
class Effect:
    """What a fault does to the course of a contact that meets it; what it does to records stands there."""

    resolution: float = 1.0  # what is left of the chance to resolve the contact
    talk: float = 0.0  # how much longer the talk is, as a share
    hold_chance: float = 0.0  # added to the chance of a hold
    hold_seconds: float = 0.0  # added to the median hold
    tier_up: float = 0.0  # added to the chance that the specialists take over
    adds_legs: bool = False  # its handoffs are its own, not the customer's bad luck
    is_cold: bool = False  # whoever passes the contact on does not speak to the next one


EFFECTS: dict[str, Effect] = {
    "B01": Effect(resolution=0.95, adds_legs=True, is_cold=True),
    "B02": Effect(adds_legs=True),
    "B03": Effect(resolution=0.8, talk=0.2, hold_chance=0.5, hold_seconds=90.0),
    "B04": Effect(resolution=0.8),
    "B05": Effect(resolution=0.8, tier_up=0.5, adds_legs=True),
    "B06": Effect(resolution=0.9, talk=0.25),
    "B11": Effect(resolution=0.9),
    "B12": Effect(adds_legs=True, is_cold=True),
    "B13": Effect(resolution=0.7),
}
"""Effects by break; breaks without a row change no course of their own."""
CHANGE_DAYS = 14
"""How long after a change (B17) its additional contacts arrive."""
LONG_WAIT_SECONDS = 300
EXCLUDED_TALK_SECONDS = {0.10: 135, 0.30: 225, 0.60: 400}
"""Shortest talk that a plan with B08 samples; chosen so that the fault's share of contacts is excluded."""


@dataclass(frozen=True)
class Planted:
    """A fault in a centre. Times in UTC seconds; `share` and `ratio` as in `INTENSITIES`."""

    fault_id: str
    break_id: str
    dimension: str
    value: str
    start: float
    end: float
    intensity: str
    share: float
    ratio: float
    volume: float  # how many times the usual contacts come
    stream: int
    partner: int  # index of the other team where the fault needs one
    extra: dict[str, str]  # what else the scenario says: `article` of B04; `min_talk`, `transferred` of B08

    def is_in_force(self, moment: float) -> bool:
        """Whether the fault acts at that moment."""
        return self.start <= moment < self.end

    @property
    def shortest_talk(self) -> int:
        """Seconds of talk below which a plan with this fault (B08) samples nothing."""
        return int(self.extra.get("min_talk", EXCLUDED_TALK_SECONDS[self.share]))

    @property
    def excludes_transferred(self) -> bool:
        """Whether a plan with this fault (B08) leaves out transferred contacts, too."""
        return self.extra.get("transferred") == "excluded"

    @property
    def entry_point(self) -> str | None:
        """The entry point that a fault of a bot's flow (B18) is limited to; None for all."""
        return self.extra.get("entry_point")

    @property
    def scope(self) -> str:
        """The scope in words, as the truth names it."""
        return f"{self.dimension}={self.value}"


def plant(world: World, wanted: list[Fault]) -> list[Planted]:
    """Binds the faults of a scenario to a centre.

    Raises:
        ScenarioError: if a fault cannot be planted or its scope does not exist.
    """
    found = []
    for number, fault in enumerate(wanted, 1):
        if fault.kind not in KINDS:
            raise ScenarioError(
                f"{fault.kind} cannot be planted. Choose one of {', '.join(KINDS)} in `faults`."
            )
        kind = KINDS[fault.kind]
        value = _scope(world, fault, kind.dimension)
        share, ratio = INTENSITIES[fault.intensity]
        first = world.centre.days // 3 if fault.from_day is None else fault.from_day
        last = world.centre.days if fault.to_day is None else fault.to_day
        volume = 1 / (1 - share) if kind.acts == "extra" else 1.0
        if surge := SURGES.get(fault.kind):
            excess = _EXCESS[fault.intensity]
            share, ratio = 1.0, 1 + (surge.risk - 1) * excess
            volume = 1 + (surge.volume - 1) * excess
            last = min(first + surge.days, world.centre.days) if fault.to_day is None else last
        fault_id = f"F{number:02d}-{fault.kind}"
        stream = draws.key(world.seed, f"fault/{fault.kind}/{value}")
        found.append(
            Planted(
                fault_id=fault_id,
                break_id=fault.kind,
                dimension=kind.dimension,
                value=value,
                start=world.start + first * DAY,
                end=world.start + last * DAY,
                intensity=fault.intensity,
                share=share,
                ratio=ratio,
                volume=volume,
                stream=stream,
                partner=_partner(world, fault, value, kind.dimension),
                extra={name: value for name, value in fault.scope.items() if name != kind.dimension},
            )
        )
    return found


EXTRAS = {
    "B01": ("to",), "B02": ("to",), "B04": ("article",), "B08": ("min_talk", "transferred"),
    "B18": ("entry_point",),
}  # fmt: skip
"""What a fault's scope may say beside its dimension."""


def _scope(world: World, fault: Fault, dimension: str) -> str:
    allowed = (dimension, *EXTRAS.get(fault.kind, ()))
    unknown = set(fault.scope) - set(allowed)
    if unknown:
        raise ScenarioError(
            f"{fault.kind} is scoped by {', '.join(allowed)}, not by {', '.join(sorted(unknown))}."
        )
    if not fault.scope.get("min_talk", "0").isdigit():
        raise ScenarioError(
            f"{fault.kind}: min_talk is a number of seconds, not '{fault.scope['min_talk']}'."
        )
    if fault.scope.get("entry_point", "line_main") not in ENTRY_POINTS.values():
        raise ScenarioError(
            f"{fault.kind}: there is no entry point '{fault.scope['entry_point']}'. "
            f"Choose one of {', '.join(ENTRY_POINTS.values())}."
        )
    if dimension == "flow" and not world.centre.bot_share:
        raise ScenarioError(f"{fault.kind} needs bots. Set `bot_share` of the centre above 0.")
    served = [team for team in world.teams if team.function not in (GENERAL, SPECIALISTS)]
    choices = {
        "reason": [reason.name for reason in world.reasons],
        "team": [team.function for team in served],
        "flow": [bots.flow_of(team) for team in served],
        "channel": list(CHANNELS),
        "product": list(PRODUCTS),
        "segment": list(SEGMENTS),
    }[dimension]
    default = {"channel": "email", "segment": "business"}.get(dimension, choices[0])
    value = fault.scope.get(dimension, default)
    if value not in choices:
        raise ScenarioError(
            f"{fault.kind}: this centre has no {dimension} '{value}'. It has: {', '.join(choices)}."
        )
    return value


def _partner(world: World, fault: Fault, value: str, dimension: str) -> int:
    """The team that gets what it should not: named by `to`, or else the next one."""
    n_served = len(world.teams) - 2
    if "to" in fault.scope:
        for team in world.teams:
            if team.function == fault.scope["to"]:
                return team.index
        raise ScenarioError(f"{fault.kind}: this centre has no team '{fault.scope['to']}' (`to`).")
    home = 0
    if dimension == "reason":
        home = next(reason.team for reason in world.reasons if reason.name == value)
    elif dimension == "team":
        home = world.team_named(value).index
    return (home + 1) % n_served
