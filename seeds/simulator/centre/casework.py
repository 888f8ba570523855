"""Records cases and what belongs to them: changes, notes, messages, service level clocks, escalations.

A case opens with the first contact that needs one, moves with the contact's legs, waits for its owner, is
paused, resolved, reopened by the next contact and closed by a timer. A contact may open a duplicate, which
the team merges or deletes. Returns which contact belongs to which case.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from seeds.simulator import draws
from seeds.simulator.centre.calendars import DAY, HOUR
from seeds.simulator.centre.chronicle import Chronicle
from seeds.simulator.centre.engine import Contact, Leg
from seeds.simulator.centre.organisation import (
    ESCALATION_MINUTES,
    REPLY_HOURS,
    SLA_HOURS,
    escalation_level,
    policy_id,
)
from seeds.simulator.centre.world import CANARY_TEXT, FAMILY, MAIL, PRIORITIES, product_of

CLOSE_TIMER_DAYS = 3
GIVE_UP_DAYS = 14
_N_SLOTS = 32
# Chances of the healthy centre.
NO_CASE_NEEDED, LINK_LOST = 0.10, 0.02
NOTE_WRITTEN, HANDOVER_NOTE, NOTE_HIDDEN = 0.9, 0.82, 0.002
REOPENED, ESCALATION_RECORDED = 0.75, 0.9
PAUSED, PAUSED_SILENTLY = 0.25, 0.02
DUPLICATE_DELETED = 0.2
TERMS = ("cancel our contract", "supervisor", "complaint", "lawyer")


@dataclass
class _Case:
    key: int
    opened: int
    contact: Contact
    priority: str
    parent: str | None
    group: str
    owner: str | None = None
    status: str = "new"
    changes: list[tuple[int, str, str | None, str | None, str | None]] = field(default_factory=list)
    resolved: int | None = None
    closed: int | None = None
    first_reply: int | None = None
    code: str | None = None
    pauses: list[tuple[int, int, str]] = field(default_factory=list)
    is_escalated: bool = False
    removed: int | None = None  # when it was merged or deleted
    survivor: int | None = None  # key of the case that it was merged into

    def change(self, moment: int, name: str, value: str | None, by: str | None) -> None:
        """Moves one field and remembers it."""
        old = getattr(self, name)
        if old != value:
            self.changes.append((moment, name, old, value, by))
            setattr(self, name, value)

    def rewind(self, moment: int) -> None:
        """Forgets what was planned for later: the customer came back before."""
        for _, name, old, _, _ in reversed([one for one in self.changes if one[0] > moment]):
            setattr(self, name, old)
        self.changes = [one for one in self.changes if one[0] <= moment]
        self.pauses = [one for one in self.pauses if one[1] <= moment]
        self.resolved = self.resolved if self.resolved and self.resolved <= moment else None
        self.closed = self.closed if self.closed and self.closed <= moment else None


def record(story: Chronicle) -> dict[int, str]:
    """Records all cases; gives the case of each contact by the contact's key."""
    contacts = story.course.contacts
    luck = story.luck("case", [contact.key for contact in contacts], _N_SLOTS)
    rows = {contact.key: place for place, contact in enumerate(contacts)}
    linked: dict[int, str] = {}
    for _, journey in story.journeys():
        _Journey(story, journey, [luck[rows[contact.key]].tolist() for contact in journey], linked).record()
    return linked


class _Journey:
    """The casework of one issue."""

    def __init__(
        self, story: Chronicle, contacts: list[Contact], luck: list[list[float]], linked: dict[int, str]
    ) -> None:
        self.story, self.contacts, self.luck, self.linked = story, contacts, luck, linked
        self.world = story.world
        self.clock = self.world.teams[self.world.reasons[contacts[0].reason].team].clock
        self.cases: list[_Case] = []
        self.duplicates: list[_Case] = []
        self.notes_stream = draws.key(story.world.seed, "note")
        self.duplicate_stream = draws.key(story.world.seed, "duplicate case")
        self.vendor_stream = draws.key(story.world.seed, "vendor pause")

    def record(self) -> None:
        for place, (contact, u) in enumerate(zip(self.contacts, self.luck, strict=True)):
            following = self.contacts[place + 1] if place + 1 < len(self.contacts) else None
            case = self._case_for(contact, u)
            case_id = self.story.name_case(case.key) if case else None
            if case and (u[1] >= LINK_LOST or contact.direction == "outbound"):
                duplicate = self._duplicate(case, contact, u)
                self.linked[contact.key] = self.story.name_case((duplicate or case).key)
            self._messages(contact, case_id, u)
            if case:
                self._work(case, contact, following, u)
                self._notes(case, contact, place, u)
            if contact.escalates:
                self._escalate(case, contact, following, u)
        for case in (*self.cases, *self.duplicates):
            self._write(case)
        first = self.contacts[0]
        ended = self.story.course.escalated.get(first.issue)
        self.story.recorder.add(
            "issues", first.issue, self.world.customer_id(first.customer),
            self.world.reasons[first.reason].name, first.started, ended is not None, ended,
            len(self.contacts),
        )  # fmt: skip

    def _case_for(self, contact: Contact, u: list[float]) -> _Case | None:
        """The case a contact belongs to: the one that is there, or a new one if the contact needs it."""
        current = self.cases[-1] if self.cases else None
        if contact.direction == "outbound" or not contact.is_answered:
            return current
        if current and current.resolved and contact.started > current.resolved:
            if contact.started - current.resolved < GIVE_UP_DAYS * DAY and u[2] < REOPENED:
                current.rewind(contact.started)
                current.change(contact.started, "status", "open", None)
                current.resolved = current.closed = None
                return current
            self.cases.append(self._open(contact, u, self.story.name_case(current.key)))
            return self.cases[-1]
        if current:
            return current
        if contact.is_resolved and FAMILY[contact.channel] != MAIL and u[0] < NO_CASE_NEEDED:
            return None
        self.cases.append(self._open(contact, u, None))
        return self.cases[-1]

    def _open(self, contact: Contact, u: list[float], parent: str | None) -> _Case:
        opened = contact.started
        if FAMILY[contact.channel] != MAIL:
            answered = next(leg.answered for leg in contact.legs if leg.answered is not None)
            opened = answered + 15 + int(20 * u[3])
        segment = self.world.segments[contact.customer]
        place = 3 if u[4] < 0.25 else 2
        if segment == 2 or u[4] > 0.95:
            place = 1
        if contact.has_words:
            place = 0
        team = self.world.teams[contact.legs[0].team]
        return _Case(contact.key, opened, contact, PRIORITIES[place], parent, team.team_id)

    def _duplicate(self, case: _Case, contact: Contact, u: list[float]) -> _Case | None:
        """A second case that a contact about an open one opens; the team merges or deletes it later.

        The work goes on in the older case, so whether there are duplicates changes nothing about it.
        """
        chance, end, wait = (draws.uniform(self.duplicate_stream, contact.key, slot) for slot in range(3))
        is_about_an_older_case = case.key != contact.key and contact.direction == "inbound"
        if chance >= self.world.centre.duplicate_case_share or not is_about_an_older_case:
            return None
        leg = next((one for one in contact.legs if one.answered is not None), None)
        if leg is None or leg.answered is None:
            return None
        duplicate = self._open(contact, u, None)
        by = self.story.desk_agent(leg.agent)
        taken = max(duplicate.opened, leg.answered + 5)
        duplicate.change(taken, "owner", by, by)
        duplicate.change(taken, "status", "open", by)
        duplicate.first_reply = max(duplicate.opened, contact.ended)
        duplicate.removed = int(self.clock.after_business(contact.ended, (0.5 + 16 * wait) * HOUR))
        if end >= DUPLICATE_DELETED:
            duplicate.survivor = case.key
            self._resolve(duplicate, duplicate.removed, by, "duplicate", days=0)
        self.duplicates.append(duplicate)
        return duplicate

    def _work(self, case: _Case, contact: Contact, following: Contact | None, u: list[float]) -> None:
        """Group and owner follow the legs; then the case waits, is paused, resolved and closed."""
        if not contact.is_answered:
            return
        case.rewind(max(case.opened, contact.started))
        for leg in contact.legs:
            if leg.answered is None:
                continue
            moment = max(case.opened, leg.answered + 5)
            team = self.world.teams[leg.team]
            by = self.story.desk_agent(leg.agent)
            case.change(moment, "group", team.team_id, by)
            is_kept_waiting = "B11" in contact.breaks and leg is contact.legs[-1]
            if not is_kept_waiting and (u[5] < 0.9 or FAMILY[contact.channel] == MAIL):
                case.change(moment + 10, "owner", by, by)
                case.change(moment + 10, "status", "open", by)
        last = contact.legs[-1]
        ended = contact.ended
        if case.first_reply is None:
            case.first_reply = ended if FAMILY[contact.channel] == MAIL else max(case.opened, ended)
        if contact.direction == "outbound":
            self._resolve(case, ended + 60, self.story.desk_agent(last.agent), "solved_by_specialist")
            return
        if case.status == "new":
            ended = self._accept_late(case, contact, last, ended, u)
        is_called_resolved = contact.is_resolved or "B13" in contact.breaks or u[6] < 0.12
        by = case.owner
        if "B10" in contact.breaks:
            ended = self._stall(case, ended, by, u)
            is_called_resolved = is_called_resolved or following is None
        if is_called_resolved:
            code = "solved" if contact.is_resolved else "informed"
            self._resolve(case, ended + last.wrap_up + 5, by, code if u[7] < 0.97 else None)
            return
        end = following.started if following else contact.ended + GIVE_UP_DAYS * DAY
        self._back_office(case, contact, ended, end, following=following, u=u)

    def _accept_late(self, case: _Case, contact: Contact, last: Leg, ended: int, u: list[float]) -> int:
        """An owner takes the case after the contact: soon as a rule, days later under a fault (B11)."""
        median = 14 * HOUR if "B11" in contact.breaks else 0.6 * HOUR
        wait = draws.lognormal(median, 0.5, u[8], u[9])
        moment = int(self.clock.after_business(ended + 60, wait))
        by = self.story.desk_agent(last.agent)
        case.change(moment, "owner", by, by)
        case.change(moment, "status", "open", by)
        return max(ended, moment)

    def _stall(self, case: _Case, ended: int, by: str | None, u: list[float]) -> int:
        """Service level drift (B10): paused without a word shortly before the clock runs out."""
        target = SLA_HOURS[case.priority] * HOUR
        start = int(self.clock.after_business(case.opened, target * (0.90 + 0.09 * u[10])))
        if start <= ended:
            start = ended + HOUR
        end = int(self.clock.after_business(start, (6 + 20 * u[11]) * HOUR))
        case.change(start, "status", "pending", by)
        case.change(end, "status", "open", by)
        case.pauses.append((start, end, "waiting_for_customer"))
        return int(self.clock.after_business(end, (1 + 8 * u[12]) * HOUR))

    def _back_office(
        self,
        case: _Case,
        contact: Contact,
        start: int,
        end: int,
        *,
        following: Contact | None,
        u: list[float],
    ) -> None:
        """What happens to an unresolved case until the customer comes back, or for good."""
        by = case.owner
        if u[13] < PAUSED * (2 if "customer_wait" in self.story.decoys else 1):
            pause = int(self.clock.after_business(start, (0.5 + 3 * u[14]) * HOUR))
            resume = int(self.clock.after_business(pause, (2 + 10 * u[15]) * HOUR))
            if resume < end:
                chance = draws.uniform(self.vendor_stream, contact.key)
                is_for_vendor = chance < self.world.centre.vendor_pause_share
                is_silent = u[13] < PAUSED * PAUSED_SILENTLY
                case.change(pause, "status", "on_hold" if is_for_vendor else "pending", by)
                case.change(resume, "status", "open", by)
                case.pauses.append(
                    (pause, resume, "waiting_for_vendor" if is_for_vendor else "waiting_for_customer")
                )
                if not is_silent and not is_for_vendor:
                    self._message(case, contact, "outbound", pause, 25, has_question=True, number=20)
                    self._message(case, contact, "inbound", resume - 60, 18, has_question=False, number=21)
        if following is not None:
            return
        if u[16] < 0.8:
            moment = int(self.clock.after_business(start, draws.lognormal(9 * HOUR, 0.8, u[17], u[18])))
            self._resolve(case, moment, by, "solved" if u[7] < 0.97 else None)
        else:
            self._resolve(case, end, None, "closed_by_timer", days=0)

    def _resolve(
        self, case: _Case, moment: int, by: str | None, code: str | None, days: float = CLOSE_TIMER_DAYS
    ) -> None:
        moment = max(moment, case.changes[-1][0] if case.changes else case.opened)
        case.change(moment, "status", "resolved", by)
        case.resolved, case.code = moment, code
        case.closed = moment + int(days * DAY) + 1
        case.change(case.closed, "status", "closed", None)

    def _notes(self, case: _Case, contact: Contact, place: int, u: list[float]) -> None:
        """One note a leg, written by its agent; a broken synchronisation (B06) keeps it from the next one."""
        story = self.story
        is_lossy = "B12" in contact.breaks
        case_id = story.name_case(case.key)
        workflow = workflow_of(self.world.reasons[contact.reason].team)
        for number, leg in enumerate(contact.legs):
            if leg.answered is None:
                continue
            is_handover = leg.transfer != "none"
            chance = (0.0 if is_lossy else HANDOVER_NOTE) if is_handover else NOTE_WRITTEN
            if draws.uniform(self.notes_stream, contact.key, number) >= chance:
                continue
            written = leg.ended if is_handover else leg.ended + leg.wrap_up
            is_hidden = "B06" in contact.breaks or u[19] < NOTE_HIDDEN
            after = contact.legs[number + 1 :] if is_handover else self._next_legs(place)
            readers = [story.desk_agent(one.agent) for one in after[:1] if one.agent >= 0]
            story.recorder.add(
                "notes", f"N-{contact.key:08d}-{number}", case_id, story.desk_agent(leg.agent), written,
                "handover" if is_handover else "summary", not is_hidden, [] if is_hidden else readers,
                story.contact_id(contact), f"{CANARY_TEXT} note on {self.world.reasons[contact.reason].name}",
            )  # fmt: skip
            story.recorder.add(
                "automation_runs", f"R-{contact.key:08d}-{number}", workflow, case_id, written + 30,
                "failed" if is_hidden else "succeeded",
            )  # fmt: skip

    def _next_legs(self, place: int) -> list[Leg]:
        return self.contacts[place + 1].legs if place + 1 < len(self.contacts) else []

    def _messages(self, contact: Contact, case_id: str | None, u: list[float]) -> None:
        """What was written in chat, mail and forms. Only what is asked twice is a re-ask."""
        if contact.channel == "voice":
            return
        terms = [TERMS[int(u[22] * len(TERMS))]] if contact.has_words or contact.escalates else []
        is_question = u[23] < 0.7
        start = contact.started + 1
        n_words = 20 + int(120 * u[24])
        self._say(
            contact, case_id, "inbound", start, n_words, has_question=is_question, terms=terms, number=0
        )
        agent = next((leg.agent for leg in contact.legs if leg.answered is not None), -1)
        if agent < 0:
            return
        chance = 0.06 + 0.5 * bool(contact.breaks & {"B06", "B12"} and (contact.seq or len(contact.legs) > 1))
        is_reask = u[25] < chance
        if contact.channel == "chat":
            answered = contact.legs[0].answered or start
            self._say(
                contact, case_id, "outbound", answered + 20, 15,
                has_question=is_reask, is_reask=is_reask, number=1, agent=agent,
            )  # fmt: skip
            self._say(contact, case_id, "inbound", answered + 60, 12, has_question=u[26] < 0.4, number=2)
        self._say(
            contact, case_id, "outbound", max(start + 30, contact.ended), 60,
            has_question=u[26] < 0.2, is_reask=is_reask and contact.channel != "chat", number=3, agent=agent,
        )  # fmt: skip

    def _say(
        self, contact: Contact, case_id: str | None, direction: str, moment: int, n_words: int, *,
        has_question: bool, number: int, terms: Sequence[str] = (), is_reask: bool = False, agent: int = -1,
    ) -> None:  # fmt: skip
        subject = self.world.reasons[contact.reason].name.replace("_", " ")
        body = f"{CANARY_TEXT} {direction} about {subject}"
        body += " once again" if is_reask else ""
        body += f". {', '.join(terms)}" if terms else ""
        body += "?" if has_question else "."
        n_filled = n_words - len(body.split())
        self.story.recorder.add(
            "messages", f"M-{contact.key:08d}-{number:02d}", case_id, self.story.contact_id(contact),
            direction, moment, max(n_words, len(body.split())), has_question, list(terms), is_reask, "en",
            body + " and so on" * (n_filled // 3) + " ok" * (n_filled % 3) if n_filled > 0 else body,
            self.story.desk_agent(agent),
        )  # fmt: skip

    def _message(
        self, case: _Case, contact: Contact, direction: str, moment: int, n_words: int, *,
        has_question: bool, number: int,
    ) -> None:  # fmt: skip
        case_id = self.story.name_case(case.key)
        self._say(contact, case_id, direction, moment, n_words, has_question=has_question, number=number)

    def _escalate(
        self, case: _Case | None, contact: Contact, following: Contact | None, u: list[float]
    ) -> None:
        """The demand for more authority: on record as a rule, at the specialists as the policy says."""
        story, world = self.story, self.world
        demanded = contact.ended
        specialists = world.teams[-1]
        case_id = story.name_case(case.key) if case else None
        is_astray = "B15" in contact.breaks
        target = (
            world.teams[int(u[27] * (len(world.teams) - 1))] if is_astray or u[27] > 0.97 else specialists
        )
        severity = "critical" if contact.has_words else "major"
        due = demanded + ESCALATION_MINUTES * 60
        story.recorder.add(
            "required_escalations", case_id, story.contact_id(contact), due, specialists.team_id
        )
        recorded = ESCALATION_RECORDED
        if "reporting_improvement" in story.decoys:
            recorded = 0.6 if demanded < world.day(world.centre.days / 2) else 0.97
        if case:
            case.is_escalated = True
        if u[28] >= recorded or (is_astray and u[29] < 0.4):
            return
        requested = demanded + int((5 + 20 * u[29]) * 60) + (3 * DAY if is_astray and u[30] < 0.4 else 0)
        accepted = int(world.teams[-1].clock.after_business(requested, (0.3 + 1.5 * u[30]) * HOUR))
        kind = ("customer_demanded", "hierarchical", "policy")[
            0 if u[31] < 0.5 else (1 if u[31] < 0.85 else 2)
        ]
        story.recorder.add(
            "escalations", f"E-{contact.issue:07d}", case_id, story.contact_id(contact),
            world.customer_id(contact.customer), requested, kind,
            "customer" if kind == "customer_demanded" else "internal", world.reasons[contact.reason].name,
            severity, requested + 600, accepted, following.ended if following else None, "recorded",
            escalation_level(severity), "resolution" if kind == "policy" else None, target.team_id,
            contact.issue, target.team_id,
        )  # fmt: skip
        if case and (case.resolved is None or case.resolved > accepted):
            case.change(accepted, "group", target.team_id, None)

    def _write(self, case: _Case) -> None:
        """Writes the case as it stands at the end of the run, its history and its clocks."""
        story, world, end = self.story, self.world, self.world.end
        case_id = story.name_case(case.key)
        contact = case.contact
        changes = sorted((one for one in case.changes if one[0] < end), key=lambda one: one[0])
        first_group = next((one[2] for one in case.changes if one[1] == "group"), case.group)
        state: dict[str, str | None] = {"status": "new", "owner": None, "group": first_group}
        n_groups = n_reopens = 0
        for seq, (moment, name, old, new, by) in enumerate(changes, 1):
            story.recorder.add("case_changes", case_id, name, old, new, moment, seq, by)
            state[name] = new
            n_groups += name == "group"
            n_reopens += name == "status" and old in ("resolved", "closed") and new == "open"
        resolved = case.resolved if case.resolved and case.resolved < end else None
        closed = case.closed if resolved and case.closed and case.closed < end else None
        owned = next((moment for moment, name, *_ in changes if name == "owner"), None)
        waited = self.clock.business_seconds(case.opened, owned or end)
        story.recorder.add("ownership", case_id, owned, waited)
        removed = case.removed if case.removed and case.removed < end else None
        survivor = story.name_case(case.survivor) if removed and case.survivor is not None else None
        is_deleted = removed is not None and survivor is None
        is_met = self._clocks(case, case_id, resolved, removed if is_deleted else None, end)
        reply = case.first_reply if case.first_reply and case.first_reply < end else None
        reply_due = case.opened + REPLY_HOURS[case.priority] * HOUR
        reason = world.reasons[contact.reason]
        subject = reason.name.replace("_", " ")
        story.recorder.add(
            "cases", case_id, world.customer_id(contact.customer), case.opened, closed, state["status"],
            contact.channel, reason.name, product_of(contact.customer), case.priority,
            state["owner"], state["group"], case.parent, case.code if resolved else None, n_groups, n_reopens,
            is_met, None, None if reply is None else reply <= reply_due, is_deleted, survivor, case.key,
            contact.issue,
            f"{subject} {CANARY_TEXT}", f"{CANARY_TEXT} says:\n{subject}, please help.", resolved,
            workflow_of(reason.team), case.is_escalated,
            max([case.opened, removed or 0, *(one[0] for one in changes)]), removed,
        )  # fmt: skip

    def _clocks(
        self, case: _Case, case_id: str, resolved: int | None, deleted: int | None, end: int
    ) -> bool | None:
        """Events of both clocks; whether the resolution clock was met (None: running or cancelled)."""
        add = self.story.recorder.add
        policy = policy_id(self.clock.zone)
        if case.first_reply:
            due = case.opened + REPLY_HOURS[case.priority] * HOUR
            add("sla_events", case_id, policy, "first_reply", "start", case.opened, None)
            if min(case.first_reply, due) < end:
                kind, moment = ("met", case.first_reply) if case.first_reply <= due else ("breached", due)
                add("sla_events", case_id, policy, "first_reply", kind, moment, None)
        add("sla_events", case_id, policy, "resolution", "start", case.opened, None)
        left = float(SLA_HOURS[case.priority] * HOUR)
        start = case.opened
        for pause, resume, why in sorted(case.pauses):
            used = self.clock.business_seconds(start, pause)
            if used >= left or pause >= end:
                break
            left -= used
            start = resume
            add("sla_events", case_id, policy, "resolution", "pause", pause, why)
            if resume < end:
                add("sla_events", case_id, policy, "resolution", "resume", resume, None)
        due = int(self.clock.after_business(start, left))
        if resolved is not None and resolved <= due:
            add("sla_events", case_id, policy, "resolution", "met", resolved, None)
            return True
        if deleted is not None and deleted <= due:
            add("sla_events", case_id, policy, "resolution", "cancelled", deleted, None)
            return None
        if due < end:
            add("sla_events", case_id, policy, "resolution", "breached", due, None)
            return False
        return None


def workflow_of(team: int) -> str:
    """The job that shows the notes of a team's cases to the next agent."""
    return f"W-{11 + team}"
