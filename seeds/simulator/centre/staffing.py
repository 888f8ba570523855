"""How many agents a team needs, who works when, and who is free: Erlang C, shifts and an exact queue."""

import heapq
import math
from dataclasses import dataclass
from datetime import timedelta

from seeds.simulator import draws
from seeds.simulator.centre.calendars import (
    CLOSES,
    CLOSES_SATURDAY,
    HOUR,
    MAIL_CLOSES,
    MAIL_OPENS,
    OPENS,
    OPENS_SATURDAY,
    SATURDAY,
)
from seeds.simulator.centre.world import LIVE, MAIL, SPECIALISTS, Agent, World

Load = dict[tuple[int, int, int, int], tuple[float, float]]
"""Offered contacts and handling seconds per hour, by team, family, weekday and local hour."""

SHIFT_HOURS = 8
SHIFT_STARTS = (8, 10, 12)
ABSENCE = 0.05
_LONG_WAIT = 300.0


@dataclass(frozen=True)
class Shift:
    """One planned shift of one agent."""

    agent: int
    start: int
    end: int
    is_absent: bool


def waiting_probability(n_agents: int, load: float) -> float:
    """Probability that a contact must wait (Erlang C, 1917), for a load in Erlang."""
    if n_agents <= load:
        return 1.0
    blocking = 1.0
    for n in range(1, n_agents + 1):
        blocking = load * blocking / (n + load * blocking)
    return blocking / (1 - load / n_agents * (1 - blocking))


def answered_within(n_agents: int, per_hour: float, handling: float, seconds: float) -> float:
    """Share answered within so many seconds, by Erlang C; handling time in seconds."""
    load = per_hour * handling / HOUR
    if n_agents <= load:
        return 0.0
    return 1 - waiting_probability(n_agents, load) * math.exp(-(n_agents - load) * seconds / handling)


def agents_needed(per_hour: float, handling: float, target: float, seconds: float = 20.0) -> int:
    """The number of agents whose service level comes nearest to the target."""
    if per_hour <= 0 or handling <= 0:
        return 1
    n = max(1, math.ceil(per_hour * handling / HOUR))
    while answered_within(n, per_hour, handling, seconds) < target:
        n += 1
    below = answered_within(n - 1, per_hour, handling, seconds)
    above = answered_within(n, per_hour, handling, seconds)
    return n - 1 if n > 1 and target - below < (above - target) * 0.75 else n


def hire(world: World, load: Load) -> tuple[list[Agent], list[Shift]]:
    """Agents and rosters that meet the centre's service level under the expected load."""
    agents: list[Agent] = []
    shifts: list[Shift] = []
    luck = draws.key(world.seed, "roster")
    for team in world.teams:
        for family in (LIVE, MAIL):
            wanted = {day: _starts(world, load, team.index, family, day) for day in range(6)}
            n_agents = max(sum(starts.values()) for starts in wanted.values())
            # Absences are planned for: somebody stands in for every twentieth shift.
            first = len(agents)
            agents.extend(_agent(world, first + i, team.index, family) for i in range(n_agents))
            clock = team.clock
            for day in range(len(clock.midnights) - 2):
                weekday = clock.weekday(day)
                if weekday not in wanted:
                    continue
                place = 0
                for begin, count in sorted(wanted[weekday].items()):
                    hours = _hours(family, weekday, begin)
                    start, end = clock.moment(day, begin * HOUR), clock.moment(day, (begin + hours) * HOUR)
                    for _ in range(count):
                        agent = first + (place + day // 7) % n_agents
                        place += 1
                        shifts.append(
                            Shift(agent, start, end, draws.uniform(luck, agent * 4096 + day) < ABSENCE)
                        )
    return agents, shifts


def _hours(family: int, weekday: int, begin: int) -> int:
    if family == MAIL:
        return MAIL_CLOSES - MAIL_OPENS
    return CLOSES_SATURDAY - OPENS_SATURDAY if weekday == SATURDAY else SHIFT_HOURS


def _starts(world: World, load: Load, team: int, family: int, weekday: int) -> dict[int, int]:
    """How many shifts begin at which hour of a weekday."""
    if family == MAIL:
        if weekday == SATURDAY:
            return {}
        day = [load.get((team, MAIL, weekday, hour), (0.0, 0.0)) for hour in range(24)]
        seconds = sum(work for _, work in day)
        spare = 1.35 / (1 - ABSENCE)
        return {MAIL_OPENS: max(1, math.ceil(seconds * spare / ((MAIL_CLOSES - MAIL_OPENS) * HOUR)))}
    opens, closes = (OPENS_SATURDAY, CLOSES_SATURDAY) if weekday == SATURDAY else (OPENS, CLOSES)
    needed = {hour: _needed(world, load, team, weekday, hour) for hour in range(opens, closes)}
    if weekday == SATURDAY:
        return {OPENS_SATURDAY: max(1, round(sum(needed.values()) / len(needed)))}
    starts = dict.fromkeys(SHIFT_STARTS, 0)
    # The early shift carries the first hours, the late one the last; the middle one lifts the peak.
    for begin, judged in (
        (8, range(8, 10)),
        (12, range(16, 20)),
        (10, range(10, 16)),
    ):
        short = [
            needed[hour]
            - sum(count for start, count in starts.items() if start <= hour < start + SHIFT_HOURS)
            for hour in judged
        ]
        starts[begin] += max(0, round(sum(short) / len(short)))
    return {begin: count for begin, count in starts.items() if count}


def _needed(world: World, load: Load, team: int, weekday: int, hour: int) -> int:
    per_hour, work = load.get((team, LIVE, weekday, hour), (0.0, 0.0))
    handling = work / per_hour if per_hour else 300.0
    n = agents_needed(per_hour, handling, world.centre.service_level)
    return max(n, math.ceil(n / (1 - ABSENCE) - 0.5))


def _agent(world: World, index: int, team: int, family: int) -> Agent:
    stream = draws.key(world.seed, "agent")
    own = world.teams[team].function
    others = [one.function for one in world.teams if one.function not in (own, SPECIALISTS)]
    skills: tuple[str, ...] = (own,)
    if draws.uniform(stream, index, 1) < 0.2:
        skills = (own, others[int(draws.uniform(stream, index, 2) * len(others))])
    hired = world.centre.starts_on - timedelta(days=30 + int(2000 * draws.uniform(stream, index, 0) ** 2))
    return Agent(index, f"A-{index + 1:04d}", team, family, hired, skills)


def kept_for_long_waits(n_planned: int, per_hour: float, handling: float, share: float) -> float:
    """The share of planned agents under which `share` of the contacts waits for more than five minutes.

    Each agent is there or not by chance; by Erlang C, averaged over how many are there.
    """

    def long_waits(kept: float) -> float:
        return sum(
            math.comb(n_planned, n)
            * kept**n
            * (1 - kept) ** (n_planned - n)
            * (1 - answered_within(n, per_hour, handling, _LONG_WAIT))
            for n in range(n_planned + 1)
        )

    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if long_waits(middle) > share else (low, middle)
    return high


class Pool:
    """Agents who answer one stream of contacts in the order of arrival.

    Exact for a queue in which customers leave when their patience ends, as long as arrivals come in the order
    of time: each takes the agent who is free first, and one who would have to wait too long takes nobody.
    """

    def __init__(self, shifts: dict[int, list[tuple[int, int]]]) -> None:
        self._shifts = {agent: sorted(times) for agent, times in shifts.items() if times}
        self._next = dict.fromkeys(self._shifts, 0)
        self._free: list[tuple[float, int]] = [
            (times[0][0], agent) for agent, times in sorted(self._shifts.items())
        ]
        heapq.heapify(self._free)

    def take(self, moment: float, patience: float) -> tuple[int, float] | None:
        """The agent who answers and when, or None if the customer leaves first."""
        free = self._free
        while free:
            free_at, agent = free[0]
            start = free_at if free_at > moment else moment
            shifts, place = self._shifts[agent], self._next[agent]
            while place < len(shifts) and shifts[place][1] <= start:
                place += 1
            self._next[agent] = place
            if place == len(shifts):
                heapq.heappop(free)
            elif start < shifts[place][0]:
                heapq.heapreplace(free, (shifts[place][0], agent))
            else:
                return None if start - moment > patience else (agent, start)
        return None

    def occupy(self, until: float) -> None:
        """Keeps the agent whom `take` gave busy until then."""
        heapq.heapreplace(self._free, (until, self._free[0][1]))
