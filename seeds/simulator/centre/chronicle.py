"""What the recorders share: one run of a centre, the ids its systems use, and the recorder."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

import numpy as np
from seeds.simulator import draws
from seeds.simulator.centre.engine import Contact, Course
from seeds.simulator.centre.staffing import Shift
from seeds.simulator.centre.world import Agent, Team, World
from seeds.simulator.events import Recorder
from seeds.simulator.faults import Planted

Setting = TypeVar("Setting")


@dataclass
class Chronicle:
    """A run and everything needed to write it down."""

    world: World
    agents: list[Agent]
    shifts: list[Shift]
    course: Course
    faults: list[Planted]
    decoys: frozenset[str]
    recorder: Recorder
    name_contact: Callable[[int, int], str]
    name_case: Callable[[int], str]
    name_telephony_agent: Callable[[int], str]
    name_crm_agent: Callable[[int], str]

    def contact_id(self, contact: Contact) -> str:
        """The telephony system's id of a contact."""
        return self.name_contact(contact.key, contact.started)

    def phone_agent(self, agent: int) -> str | None:
        """The telephony system's id of an agent; None for nobody."""
        return None if agent < 0 else self.name_telephony_agent(agent)

    def desk_agent(self, agent: int) -> str | None:
        """The CRM's id of an agent; None for nobody."""
        return None if agent < 0 else self.name_crm_agent(agent)

    def quality_agent(self, agent: int) -> str | None:
        """The quality tool's id of an agent; None for nobody."""
        return None if agent < 0 else f"qa{agent + 1:04d}"

    def team_of(self, agent: int) -> Team:
        """The team an agent belongs to."""
        return self.world.teams[self.agents[agent].team]

    def versions(
        self, usual: Setting, since: int, changed: list[tuple[Planted, Setting]]
    ) -> list[tuple[int, int | None, Setting]]:
        """What a setting was, from when until when: as usual, and otherwise while a fault is in force."""
        settings = [(since, usual)]
        for fault, setting in changed:
            settings.append((int(fault.start), setting))
            if fault.end < self.world.end:
                settings.append((int(fault.end), usual))
        ends = [*(start for start, _ in settings[1:]), None]
        return [(start, end, setting) for (start, setting), end in zip(settings, ends, strict=True)]

    def journeys(self) -> Iterator[tuple[int, list[Contact]]]:
        """Contacts by issue, in their order."""
        ordered = sorted(self.course.contacts, key=lambda contact: contact.key)
        for issue, contacts in groupby(ordered, key=lambda contact: contact.issue):
            yield issue, list(contacts)

    def luck(self, purpose: str, keys: list[int], n_slots: int) -> draws.Floats:
        """Draws for many things: one row each."""
        return draws.uniforms(draws.key(self.world.seed, purpose), np.array(keys, dtype=np.int64), n_slots)

    def met(self, contact: Contact, break_id: str) -> Planted | None:
        """The planted fault of this kind that the contact met."""
        if break_id not in contact.breaks:
            return None
        return next(
            self.faults[number] for number in contact.touched if self.faults[number].break_id == break_id
        )
