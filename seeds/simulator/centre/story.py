"""Stories: journeys written event for event into a simulated centre.

`meridian_health_tech` is the acceptance case: one customer, four contacts and an e-mail about one integration
error, and behind them seven failures. It happens in any centre; whether what is behind it is systemic depends
on the faults of the scenario (B01, B04 to B09 on the scopes named below).
"""

from collections.abc import Callable

from seeds.simulator.centre.calendars import DAY, HOUR
from seeds.simulator.centre.casework import workflow_of
from seeds.simulator.centre.chronicle import Chronicle
from seeds.simulator.centre.engine import MAX_CONTACTS
from seeds.simulator.centre.operations import RISK_MODEL, plan_id
from seeds.simulator.centre.organisation import escalation_level, policy_id
from seeds.simulator.centre.world import (
    CANARY_ACCOUNT,
    CANARY_HOST,
    CANARY_NAME,
    CANARY_PHONE,
    CANARY_TEXT,
    Team,
)
from seeds.simulator.scenario import ScenarioError

REASON = "integration_error"
ACCOUNT = "A-77"
ISSUE = 9_000_001
STALE, RIVAL = "KB-204", "KB-318"
ACTION = "case.reassign_integrations"
MINUTE = 60


def record(story: Chronicle, names: tuple[str, ...] | list[str]) -> None:
    """Writes the named stories.

    Raises:
        ScenarioError: if a story is unknown, or the centre lacks what it needs.
    """
    for name in names:
        if name not in STORIES:
            raise ScenarioError(f"There is no story '{name}'. Choose one of {', '.join(STORIES)}.")
        STORIES[name](story)


def meridian_health_tech(story: Chronicle) -> None:
    """Journey J-1 of account A-77."""
    _Meridian(story).record()


STORIES: dict[str, Callable[[Chronicle], None]] = {"meridian_health_tech": meridian_health_tech}


class _Meridian:
    def __init__(self, story: Chronicle) -> None:
        world = story.world
        reasons = [one.name for one in world.reasons]
        if REASON not in reasons or world.centre.days < 60:
            raise ScenarioError(f"The story needs the reason {REASON} and at least 60 days.")
        self.story, self.world, self.add = story, world, story.recorder.add
        self.billing, self.home = world.team_named("billing"), world.team_named("integrations")
        self.general, self.specialists = world.team_named("general"), world.team_named("specialists")
        self.clock = self.home.clock
        margin = (world.centre.starts_on - self.clock.first).days
        # A Friday in the last third, so that every contact falls on a day that is open.
        self.first_day = next(
            day for day in range(margin + world.centre.days - 30, 10_000) if self.clock.weekday(day) == 4
        )
        self.case = story.name_case(ISSUE * MAX_CONTACTS)
        self.phone = f"{CANARY_PHONE}{99_977:05d}"

    def at(self, day: int, hour: int, minute: int = 0, second: int = 0) -> int:
        """UTC of a local time on a day of the story (D0 is the first contact)."""
        return self.clock.moment(self.first_day + day, hour * HOUR + minute * MINUTE + second)

    def agent(self, function: str, place: int = 0) -> int:
        """The index of an agent of a function."""
        team = self.world.team_named(function).index
        return [one.index for one in self.story.agents if one.team == team and one.family == 0][place]

    def contact_id(self, seq: int, started: int) -> str:
        return self.story.name_contact(ISSUE * MAX_CONTACTS + seq, started)

    def record(self) -> None:
        """Everything that happened, in the order in which it happened."""
        self._customer()
        self._articles()
        first = self._contact(0, "voice", self.at(0, 9, 10), "3", "resolved", legs=[
            (self.billing, "misroute", 40, 170, "blind"), (self.general, "triage", 25, 150, "none"),
        ])  # fmt: skip
        second = self._contact(1, "chat", self.at(3, 14, 5), "topic:general", "resolved", legs=[
            (self.general, "triage", 15, 165, "none"),
        ])  # fmt: skip
        third = self._contact(2, "voice", self.at(6, 10, 40), "3", "follow_up", legs=[
            (self.billing, "misroute", 60, 160, "none"),
        ])  # fmt: skip
        fourth = self._contact(3, "voice", self.at(10, 16, 20), self.home.ivr_path, "follow_up", legs=[
            (self.home, "home", 19 * MINUTE, 172, "none"),
        ])  # fmt: skip
        mail = self._contact(4, "email", self.at(12, 8, 2), None, "follow_up", legs=[
            (self.home, "home", 26 * HOUR, 300, "none"),
        ])  # fmt: skip
        self._notes([first, second, third, fourth])
        self._knowledge(second)
        self._permission(third)
        self._quality([first, second, third, fourth, mail])
        self._case(first)
        self._escalation(mail)
        self._touches([first, second, third, fourth, mail])

    def _customer(self) -> None:
        scored = self.at(-31, 2)
        self.add(
            "customers", ACCOUNT, "enterprise", "vip", "Europe", self.clock.zone, [self.phone],
            [f"meridian@{CANARY_HOST}"], [f"{CANARY_ACCOUNT}-J1"], None, False, scored - 300 * DAY,
            f"{CANARY_NAME} Meridian Health Tech",
        )  # fmt: skip
        self.add("risk_scores", ACCOUNT, 22.0, scored, RISK_MODEL)

    def _articles(self) -> None:
        """KB-204 is eight months past its review and says the opposite of KB-318."""
        planted = {fault.extra.get("article") for fault in self.story.faults}
        old, new = self.at(-420, 9), self.at(-60, 9)
        text = f"{CANARY_TEXT} article text"
        if STALE not in planted:
            self.add(
                "articles", STALE, "v3", "published", REASON, "core", "en", old, self.at(-240, 0) // DAY,
                None, "integration error: how it used to be", text,
            )  # fmt: skip
        self.add(
            "articles", RIVAL, "v1", "published", REASON, "core", "en", new, new // DAY + 365, None,
            "integration error: the opposite", text,
        )  # fmt: skip

    def _contact(
        self,
        seq: int,
        channel: str,
        started: int,
        path: str | None,
        disposition: str,
        *,
        legs: list[tuple[Team, str, int, int, str]],
    ) -> tuple[str, int, list[tuple[int, int, int]]]:
        """One contact and its legs; gives id, end, and (agent, answered, ended) of each leg."""
        contact_id = self.contact_id(seq, started)
        moment = started + (20 if channel == "voice" else 5 if channel == "chat" else 0)
        spent = []
        wait = 0
        for number, (team, kind, waited, talk, transfer) in enumerate(legs, 1):
            agent = self.agent(team.function, number - 1)
            answered, ended = moment + waited, moment + waited + talk
            end = "transfer" if transfer != "none" else "customer_disconnect"
            self.add(
                "legs", contact_id, number, team.queues[channel], self.story.phone_agent(agent), "human",
                None, True if channel == "voice" else None, moment, moment, answered, ended, talk, 0, 30,
                transfer, end, team.team_id, kind, 0,
            )  # fmt: skip
            spent.append((agent, answered, ended))
            wait += waited
            moment = ended
        is_voice = channel == "voice"
        entry = {"voice": "line_main", "chat": "web_chat", "email": "mailbox_support"}[channel]
        self.add(
            "contacts", contact_id, contact_id, channel, "inbound", started, moment, ACCOUNT,
            self.phone if is_voice else None, None if is_voice else f"meridian@{CANARY_HOST}", self.case,
            entry, path, None if channel == "email" else REASON, REASON, disposition, False, True,
            moment + 60, ISSUE * MAX_CONTACTS + seq, ISSUE, seq, REASON, False, float(wait), "customer",
            len(legs),
        )  # fmt: skip
        if channel != "voice":
            terms = ["cancel our contract"] if channel == "email" else []
            body = f"{CANARY_TEXT} URGENT: if this is not solved today we will cancel our contract."
            body = body if terms else f"{CANARY_TEXT} the integration fails again, what can we do?"
            self.add(
                "messages", f"M-{contact_id}", self.case, contact_id, "inbound", started + 1,
                len(body.split()), "?" in body, terms, False, "en", body, None,
            )  # fmt: skip
        return contact_id, moment, spent

    def _notes(self, contacts: list[tuple[str, int, list[tuple[int, int, int]]]]) -> None:
        """Each agent wrote a note; the job that should show it to the next one has failed for weeks."""
        for number, (contact_id, ended, spent) in enumerate(contacts):
            agent = self.story.desk_agent(spent[-1][0])
            note_id = f"N-{contact_id}"
            self.add(
                "notes", note_id, self.case, agent, ended + 30, "summary", False, [], contact_id,
                f"{CANARY_TEXT} note on {REASON}",
            )  # fmt: skip
            self.add(
                "automation_runs",
                f"R-J1-{number}",
                workflow_of(self.home.index),
                self.case,
                ended + 60,
                "failed",
            )

    def _knowledge(self, contact: tuple[str, int, list[tuple[int, int, int]]]) -> None:
        contact_id, _, spent = contact
        agent, answered, ended = spent[0]
        by = self.story.phone_agent(agent)
        self.add("usage", "U-J1-0", "search", None, None, self.case, contact_id, by, answered + 20, REASON)
        self.add("usage", "U-J1-1", "view", STALE, "v3", self.case, contact_id, by, answered + 45, None)
        self.add("usage", "U-J1-2", "link", STALE, "v3", self.case, contact_id, by, ended - 5, None)

    def _permission(self, contact: tuple[str, int, list[tuple[int, int, int]]]) -> None:
        contact_id, _, spent = contact
        agent, answered, _ = spent[0]
        self.add(
            "permission_events", "P-J1-0", answered + 90, self.story.phone_agent(agent), "agent", ACTION,
            "denied", self.case, contact_id,
        )  # fmt: skip

    def _quality(self, contacts: list[tuple[str, int, list[tuple[int, int, int]]]]) -> None:
        """None was sampled: the scenario's plan excludes short and transferred contacts, or chance did."""
        plans = [fault for fault in self.story.faults if fault.break_id == "B08"]
        rate = self.world.centre.qa_rate
        for place, (contact_id, _, _) in enumerate(contacts):
            is_excluded = bool(plans) and place < 4
            self.add(
                "samples", plan_id(self.home.index), contact_id, not is_excluded,
                0.0 if is_excluded else rate, False,
            )  # fmt: skip

    def _case(self, first: tuple[str, int, list[tuple[int, int, int]]]) -> None:
        _, ended, spent = first
        opened = spent[0][1] + 30
        owner = self.story.desk_agent(spent[1][0])
        solved, closed = ended + 35, self.at(11, 16, 20)
        back = [self.at(3, 14, 6), self.at(6, 10, 42), self.at(10, 16, 41)]
        changes: list[tuple[int, str, str | None, str | None, str | None]] = [
            (opened + 10, "status", "new", "open", self.story.desk_agent(spent[0][0])),
            (spent[1][1] + 5, "group", self.billing.team_id, self.general.team_id, owner),
            (spent[1][1] + 5, "owner", None, owner, owner),
            (solved, "status", "open", "resolved", owner),
            (back[0], "status", "resolved", "open", owner),
            (back[0] + 200, "status", "open", "resolved", owner),
            (back[1], "status", "resolved", "open", owner),
            (closed, "status", "open", "closed", None),
            (self.at(13, 10, 2), "status", "closed", "open", None),
        ]
        for seq, (moment, name, old, new, by) in enumerate(changes, 1):
            self.add("case_changes", self.case, name, old, new, moment, seq, by)
        self.add(
            "cases", self.case, ACCOUNT, opened, None, "open", "voice", REASON, "core", "high", owner,
            self.general.team_id, None, None, 1, 3, False, True, True, False, None,
            ISSUE * MAX_CONTACTS, ISSUE,
            f"integration error {CANARY_TEXT}", f"{CANARY_TEXT} says:\nthe integration fails.", None,
            workflow_of(self.home.index), True, changes[-1][0], None,
        )  # fmt: skip
        self.add("ownership", self.case, spent[1][1] + 5, float(spent[1][1] + 5 - opened))
        self.add("sla_events", self.case, policy_id(self.clock.zone), "resolution", "start", opened, None)
        due = int(self.clock.after_business(opened, 16 * HOUR))
        self.add("sla_events", self.case, policy_id(self.clock.zone), "resolution", "breached", due, None)

    def _escalation(self, mail: tuple[str, int, list[tuple[int, int, int]]]) -> None:
        """The e-mail demanded it at once; the record came 26 hours later, and no alert did."""
        contact_id, _, _ = mail
        demanded = self.at(12, 8, 2)
        recorded = demanded + 26 * HOUR
        self.add("expected_alerts", "AL-5", contact_id, demanded + HOUR)
        self.add("required_escalations", self.case, contact_id, demanded + HOUR, self.specialists.team_id)
        self.add(
            "escalations", "E-J1", self.case, contact_id, ACCOUNT, recorded, "customer_demanded", "customer",
            REASON, "critical", recorded + 600, recorded + HOUR, None, "recorded",
            escalation_level("critical"), None, self.specialists.team_id, ISSUE, self.specialists.team_id,
        )  # fmt: skip
        self.add("issues", ISSUE, ACCOUNT, REASON, self.at(0, 9, 10), True, demanded, 5)

    def _touches(self, contacts: list[tuple[str, int, list[tuple[int, int, int]]]]) -> None:
        """Which of the scenario's faults the story met, and where."""
        met = {"B01": (0, 2), "B04": (1,), "B05": (2,), "B06": (0, 1, 2, 3), "B07": (4,), "B08": (0, 1, 2, 3),
               "B09": (0, 1, 2, 3, 4)}  # fmt: skip
        for fault in self.story.faults:
            for place in met.get(fault.break_id, ()):
                self.add("touches", contacts[place][0], ISSUE, fault.fault_id)
