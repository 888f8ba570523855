"""Bots that speak to live contacts before the first queue: they help some themselves and hand the others on.

A bot follows the flow of the team that its reason belongs to. Its share of a contact is a leg without queue
and agent; the hand-off to the first agent is no transfer.
"""

from dataclasses import dataclass

from seeds.simulator import draws
from seeds.simulator.centre.world import FAMILY, LIVE, Team, World

CONTAINED, CONTAINED_RESOLVED = 0.35, 0.90
"""Share of the bot's contacts that ask for nobody; and of those, how many have their answer."""
LOST = 0.01
"""Share of the hand-offs that reach nobody in a healthy centre."""
TALK = (70.0, 0.5)
"""Median and spread of the seconds that a bot speaks."""
HOPE = (150.0, 0.5)
"""Median and spread of the seconds that customers wait for somebody who was never called."""
LEAST_HOPE_SECONDS = 15
HELPED, HANDED_ON, LOST_ON_THE_WAY = "helped", "handed_on", "lost"

# Slots of a contact's draws.
_SPEAKS, _CONTAINED, _TALK, _TALK2, _LOST, _HOPE, _HOPE2 = range(7)


@dataclass(frozen=True, slots=True)
class BotLeg:
    """A bot's share of a contact; times in UTC seconds.

    `left` is when the customer goes, unless somebody else takes over.
    """

    flow_id: str
    started: int
    ended: int
    outcome: str  # HELPED, HANDED_ON or LOST_ON_THE_WAY
    left: int

    @property
    def asked(self) -> bool:
        """Whether it asked for a human."""
        return self.outcome != HELPED


def flow_of(team: Team) -> str:
    """The flow of a team's bot."""
    return f"BOT-{team.function}"


class Bots:
    """The bots of a centre."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.stream = draws.key(world.seed, "bot")

    def speak(self, key: int, channel: str, team: int, moment: int) -> BotLeg | None:
        """The bot's share of the contact with this key; None if no bot stands before its queue."""
        share = self.world.centre.bot_share
        if not share or FAMILY[channel] != LIVE or self._luck(key, _SPEAKS) >= share:
            return None
        talk = draws.lognormal(*TALK, self._luck(key, _TALK), self._luck(key, _TALK2))
        hope = draws.lognormal(*HOPE, self._luck(key, _HOPE), self._luck(key, _HOPE2))
        ended = moment + max(5, int(talk))
        if self._luck(key, _CONTAINED) < CONTAINED:
            outcome, left = HELPED, ended
        else:
            outcome = LOST_ON_THE_WAY if self._luck(key, _LOST) < LOST else HANDED_ON
            left = ended + max(LEAST_HOPE_SECONDS, int(hope))
        return BotLeg(flow_of(self.world.teams[team]), moment, ended, outcome, left)

    def _luck(self, key: int, slot: int) -> float:
        return draws.uniform(self.stream, key, slot)
