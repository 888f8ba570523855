"""Looks at the head of an export and drafts its source file.

The draft says what was seen, never what was merely hoped: a doubtful guess carries a comment, a date
that could be read in two ways is left to the person, and no value leaves the export unless it is one
word of a short, repeated list that a value map needs.
"""

import codecs
import csv
import difflib
import glob
import io
import json
import re
import tempfile
import textwrap
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import charset_normalizer
import duckdb
import yaml

from orchestration.errors import ConfigurationError
from orchestration.extract import contract, files, reading, sql
from orchestration.extract.contract import Entity
from orchestration.extract.files import Delivered, UnreadableFile
from orchestration.extract.reading import Readable
from orchestration.extract.sources import FileSet

SAMPLE_RECORDS = 5_000
_MAX_VALUE = 60  # longer values on average are prose
MAX_CATEGORIES = 12  # more distinct values than this are no list to map one by one
_HEAD_BYTES = 64 << 20
_TEXT_SAMPLE = 1 << 20
_MAX_COLUMNS = 500
_MAX_NESTED_KEYS = 60
_MAX_DEPTH = 3
_MAX_DATE_VALUES = 1_000
_SHOWN_UNUSED = 60
_SHOWN_PAIRS = 6
_WIDTH = 110

# ---------------------------------------------------------------- vocabulary


def _split(words: str) -> list[str]:
    return words.split()


# What vendors and people call a field, most telling first. `?` marks a name that fits only for want
# of a better one; `entity.field` adds to the names of one entity.
_SYNONYMS: dict[str, str] = yaml.safe_load("""
case_id: case number, case no, case, ticket id, ticket number, ticket, incident number, incident, complaint
  id, complaint, sr number, service request, issue key, document key, task, vorgang, fall nr
customer_id: customer, customer number, client id, client, account id, account number, account, crm account,
  requester id, requester, caller id, kunde, kundennummer, party id, member id, ?caller, ?user id
opened_at: opened, open date, open time, created at, created on, created, created date, date created,
  creation date, create date, date received, received, received at, reported at, sys created on, erstellt
  am, ?start time, ?date
closed_at: closed, close date, closed date, close time, resolved at, solved at, resolution date, date
  closed, geschlossen am
cases.status: state, case status, ticket status, incident state, ?stage, ?company response to consumer
case_snapshots.status: state, case status, ticket status, incident state, ?stage
channel: origin, case origin, contact type, submitted via, via channel, media type, media, medium, kanal,
  ?via, ?source
reason: category, issue, issue type, topic, contact reason, call reason, case reason, kategorie, ?type
product: sub product, product name, product family, subcategory, ?service, ?item
priority: urgency, prio, ?severity
owner_id: owner, assignee id, assignee, assigned to, case owner, bearbeiter, ?agent
group_id: group, assignment group, assigned group, group name, ?team, ?queue, ?department
parent_case_id: parent case, parent id, parent ticket, problem id, ?parent
resolution_code: resolution, close code, closed code, solution code, ?solution
vendor_reassignment_count: reassignment count, reassignments, assignee changes
vendor_reopen_count: reopen count, reopens
is_sla_met: sla met, made sla, within sla, sla compliant
is_knowledge_used: knowledge, article used, kb used, knowledge used
is_timely_response: timely response, timely
snapshot_at: updated at, updated on, sys updated at, sys updated on, last modified, modified at, updated
change_seq: sys mod count, mod count, event no, sequence, revision, seq, record checkpoint, ?version, ?index
changed_by: updated by, sys updated by, modified by, created by id, changed by id, ?user id, ?user, ?author
  id, ?actor id
case_changes.field: field name, attribute, changed field, column name, feld
old_value: from value, previous value, old, alter wert
new_value: to value, new, neuer wert, ?value
changed_at: changed, changed on, change date, modified at, updated, updated at, created date, created at,
  sys created on, ?timestamp, ?date
case_changes.case_id: parent id, ?documentkey, ?record id
note_id: note, comment id, work note id
author_id: author, user id, created by, created by id
notes.created_at: created, created on, created date, note date, ?date
notes.kind: type, note type, visibility
is_visible_to_next: visible to next, public, is public, visible
rendered_for: shown to, displayed to
message_id: message, comment id
messages.sent_at: sent, sent on, message time, created at, created, ?timestamp, ?date
n_words: word count, words
language: locale, lang, sprache
customers.customer_id: ?organization id
segment: customer segment, industry, branche
tier: level, customer tier, support level
region: country, area, territory, land
phones: phone, phone number, telephone, mobile, phone numbers, telefon
emails: email, e mail, email address, mail
merged_into: merged to, master record id, merged into id
is_internal: internal, test account, is test, test
customers.created_at: customer since, created, created on
name: full name, customer name, display name
escalation_id: escalation, escalation number
requested_at: requested, escalated at, escalation date, escalated on, ?created at, ?date
escalations.type: kind, escalation type
escalations.source: raised by, escalated by, requested by
accepted_at: accepted, accepted on
approved_at: approved, approved on
deescalated_at: de escalated at, deescalated, de escalated
policy_id: policy, sla policy id, sla policy, sla, ?sla value
metric: measure, target metric
target_seconds: target, target time
clock: business hours, clock type
due_after_minutes: due after, minutes
score: risk score, total score, result score, sentiment score, rating, ?value
scored_at: scored on, score date, calculated at, ?date, ?created at
model_version: model, model name
contact_id: conversation id, call id, interaction id, session id, callid, call sid, chat id, task sid,
  contact number, linkedid, ucid, uuid
chain_id: initial contact id, root id, root contact id, linked id, parent contact id, chain
direction: call direction, ?initiation method, ?call type
started_at: start time, start, started, start date, call start, conversation start, initiation timestamp,
  begin, begin time, beginn, ?date received, ?created at, ?date, ?timestamp
ended_at: end time, end, ended, end date, call end, conversation end, disconnect timestamp, exit, finish
  time, ende
ani: caller number, calling number, from number, phone number, phone, caller id, msisdn, cli, telephone,
  rufnummer, ?from, ?caller
entry_point: dnis, called number, line, vru line, service line, ?to
ivr_path: menu path, ivr menu, ?flow
reason_entry: reason at entry, ivr reason, intent, call reason, contact reason, ?reason, ?type
reason_close: reason at close, closing reason
disposition: wrap up code, wrapup code, wrapup, disposition code, call outcome, outcome, ?result
is_abandoned: abandoned, abandon
is_answered: answered
delivered_version_at: last modified, last update timestamp, last updated, updated at
leg_seq: seq, leg, leg no, leg number, segment number, sequence, ?index
queue_id: queue, queue name, first queue, skill group, warteschlange
agent_id: agent, agent username, agent login, employee, employee id, employee number, worker sid, login,
  ?user id, ?server, ?agent name, ?user
agents.agent_id: user id
legs.started_at: offered, offered at, segment start
enqueued_at: queued, queued at, enqueue timestamp, queue start
answered_at: answered, answer time, connected at, connected to agent timestamp, responded at, response date
legs.ended_at: segment end, dequeue timestamp
talk_seconds: talk, talk time, talk duration, agent interaction duration, ?duration
hold_seconds: hold, hold time, held, customer hold duration
wrap_up_seconds: wrap up, wrapup, acw, after call work, after contact work duration
transfer_type: transfer, transfer kind
end_reason: disconnect, disconnect reason, disconnect type, hangup cause, who hung up
interval_start: interval, interval begin, half hour
staffed_agents: staffed, agents staffed, logged in agents
offered: calls offered, n offered
queue_intervals.answered: calls answered, handled, n answered
telephony_id: telephony login, phone login, extension, switch id, acd id
crm_user_id: crm user, crm login
qa_user_id: qa user, qa login
team_id: team, team number, department id, ?group id, ?manager
role: job title, title, profile
hired_on: hired, hire date, start of employment, eintritt
valid_from: from date, effective from, start of validity, gueltig ab, gültig ab
valid_to: to date, effective to, effective until, gueltig bis, gültig bis
team: team name, group name, department, ?name
teams.team_id: group id
function: team function, area of work
queues.queue_id: queue
queue: queue name, ?name
queue_group: queue family, business line
is_triage: triage
is_overflow: overflow
calendar_id: calendar, schedule id, business hours id
skill: skill name, competence, ?tag
level: skill level, proficiency
shift_start: start, start time, shift begin
shift_end: end, end time
is_absent: absent, absence
required_skill: skill, needed skill
expected_queue_group: expected queue, target queue, destination
required_action: action
weekday: day of week, week day
opens_at: opens, open time, start time, ?start
closes_at: closes, close time, end time, ?end
day: holiday date, holiday, start date, date
plan_id: plan, sampling plan
rate: sampling rate, quota
is_eligible: eligible
is_sampled: sampled, selected
inclusion_probability: probability, weight
evaluation_id: evaluation, scorecard id
evaluator_id: evaluator, reviewer, qa agent
submitted_at: submitted, release date, submit timestamp, evaluation submit timestamp, evaluated at, event
  time
evaluations.status: evaluation status, state
is_automatic: automated, automatic
item_id: item, question id, question
is_failed: failed, fail
article_id: article, article number, kb number, knowledge id
articles.version: revision, version number
published_at: published, publish date
review_due_on: review due, valid to, next review
superseded_by: replaced by
usage.kind: type, use type, activity
used_at: used, viewed at, view date, ?created at, ?sys created on, ?date
event_id: event number
event_at: event time, event date, timestamp, occurred at, ?created at
action: operation, permission
outcome: result, status
run_id: run, execution id
workflow_id: workflow, automation, automation id, flow id
run_at: executed at, run time, started
rule_id: rule, alert rule
alert_id: alert, alert number
fired_at: fired, raised at, triggered at, alert time
acknowledged_at: acknowledged, ack time
change_id: change, change number, release
changes.changed_at: released at, go live, deployed at, start date
intervention_id: intervention, measure id
response_id: response, survey id, survey response id, answer id
surveys.kind: survey type, question type
value: stars, rating, csat, csat score, nps, nps score, ces, satisfaction, satisfaction score, score, grade
surveys.answered_at: completed at, submitted at, response time, survey date, ?created at, ?date
scale: score scale
party: speaker, participant
""")

# Words in a file's name that speak for an entity; the entity's own name always does.
_FILE_WORDS = {
    "cases": "case ticket incident complaint request crm",
    "case_snapshots": "snapshot log event audit",
    "case_changes": "history change audit",
    "notes": "note comment worknote",
    "messages": "message chat email",
    "customers": "customer account client organization user",
    "contacts": "contact call cdr conversation interaction telephony",
    "legs": "leg segment participant",
    "agents": "agent employee staff user",
    "teams": "team group department",
    "surveys": "survey csat nps feedback review satisfaction",
    "evaluations": "evaluation quality qa scorecard",
    "evaluation_items": "item question answer",
    "articles": "article knowledge kb",
    "usage": "usage kb view search",
    "sla_policies": "sla policy",
    "sla_events": "sla milestone",
    "holidays": "holiday",
    "calendars": "schedule calendar hours",
    "rosters": "roster shift",
    "changes": "change release",
    "queue_intervals": "interval queue",
}
# Such a word names the record, not what is recorded, so it weighs more than the subject's word.
_TELLING_WORDS = {*_split("history log snapshot comment note holiday leg review survey evaluation")}

_CHANNELS = {
    "voice": "phone, call, voice, telephone, tel, ivr, inbound call, phone call, telefon, anruf",
    "chat": "chat, live chat, webchat, web chat",
    "email": "email, e mail, mail",
    "web": "web, web form, portal, self service, website, online, webformular",
    "letter": "letter, postal mail, post, postal, brief",
    "fax": "fax, telefax",
    "social": "social, social media, facebook, twitter, instagram",
}
_STATUSES = {
    "new": "new, neu, created, submitted",
    "open": "open, in progress, active, work in progress, assigned, working, offen, in bearbeitung, reopened",
    "pending": "pending, waiting for customer, waiting on customer, awaiting user info, awaiting customer, "
    "awaiting evidence, waiting, pending customer, wartend",
    "on_hold": "on hold, hold, awaiting vendor, awaiting problem, suspended, waiting for vendor, "
    "waiting on third party",
    "resolved": "resolved, solved, fixed, completed, done, gelöst, erledigt",
    "closed": "closed, geschlossen, abgeschlossen",
}
# Entity and field (or field alone) to our words and what others call them.
_VOCABULARIES = {
    "channel": _CHANNELS,
    "cases.status": _STATUSES,
    "case_snapshots.status": _STATUSES,
    "direction": {
        "inbound": "inbound, incoming, in, inbound call, received, eingehend",
        "outbound": "outbound, outgoing, out, outbound call, sent, ausgehend",
    },
    "transfer_type": {
        "blind": "blind, cold, unattended, blind transfer",
        "consult": "consult, warm, attended, consultative, consult transfer",
        "queue": "queue, queue transfer",
        "none": "none, no, no transfer",
    },
    "escalations.type": {
        "functional": "functional, second line, second level, tier 2, level 2, l2",
        "hierarchical": "hierarchical, management, manager, supervisor",
        "customer_demanded": "customer demanded, customer demand, customer, complaint, regulator, legal",
        "policy": "policy, sla, automatic",
    },
    "case_changes.field": {
        "status": "status, state, incident state",
        "owner": "owner, owner id, assignee, assignee id, assigned to",
        "group": "group, group id, assigned group, assignment group, queue, team",
        "priority": "priority",
    },
    "surveys.kind": {"csat": "csat", "nps": "nps", "ces": "ces", "resolved": "resolved"},
}
_YES = ("true", "t", "yes", "y", "1", "on")
_NO = ("false", "f", "no", "n", "0", "off")
_YES_ELSEWHERE = ("ja", "j", "wahr", "oui", "vrai", "si", "sí", "x")
_NO_ELSEWHERE = ("nein", "falsch", "non", "faux")

_NULL_TOKENS = ("?", "-", "--", "NULL", "null", "(null)", "N/A", "n/a", "#N/A", r"\N", "NaN", "nan")
_DOUBTFUL_NULLS = ("NA", "None", "none", "unknown", "Unknown")
_LOADER_COLUMNS = ("_fivetran", "_airbyte", "_sdc_", "_company_synced")
# Columns under such names hold people or free text: their values are never shown, however few.
_PERSONAL = {
    *_split(
        "name names user caller customer client account person people author owner agent assignee employee"
    ),
    *_split(
        "staff manager lead supervisor server login mail email phone tel address street city birth subject"
    ),
    *_split("title text body comment comments note notes description message summary by contact requester"),
    *_split("reviewer kunde bearbeiter ip signature"),
}
_SENDER_OR_RECEIVER = {("to",), ("from",)}
_TWO_NAMES = r"[^\W\d_]+,? [^\W\d_]+"
_HALF = 0.5
_SOME = 0.2
_MAX_SHOWN = 40
_NAMELESS = {"id", "name", "key", "value", "type", "number"}

_EXPLAINED = {
    "case_id": "the case's number or id",
    "contact_id": "id of the customer's whole session, the same on all its legs",
    "customer_id": "id of the customer (lands as a keyed hash)",
    "opened_at": "when the case was opened",
    "snapshot_at": "when this state of the case was written",
    "field": "which field changed: status, owner, group or priority",
    "changed_at": "when it changed",
    "channel": "voice, chat, email, web, letter, fax or social; a constant is written \"'voice'\"",
    "direction": "inbound or outbound; a constant is written \"'inbound'\"",
    "started_at": "when it began",
    "leg_seq": "1 for the first party that handled the contact, 2 for the next",
    "requested_at": "when the escalation was asked for",
    "type": "functional, hierarchical, customer_demanded or policy",
    "kind": "what kind of record it is; a constant is written \"'csat'\"",
    "note_id": "an id of the note",
    "response_id": "an id of the response",
}

# ---------------------------------------------------------------- heads of files


def plain(file: Delivered, scratch: Path) -> Path:
    """The file itself, or its content opened into `scratch` where it is packed.

    Raises:
        UnreadableFile: the archive is damaged.
    """
    return file.path if files.is_plain(file) else files.unpack(file, scratch / "unpacked")


def head(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    options: FileSet,
    scratch: Path,
    *,
    limit: int,
    needed: Iterable[str] = (),
) -> Readable:
    """The first records of an unpacked file, with their lines and with what is damaged among them.

    Keys of JSON objects may be rare: `needed` ones are looked for in the whole file.

    Raises:
        UnreadableFile: not of the declared format or encoding.
    """
    if path.stat().st_size == 0:
        raise UnreadableFile("the file is empty")
    if options.format != "parquet":
        codec = files.needs_transcoding(path, options.encoding)
        if codec:
            path = files.transcode(path, codec, scratch / "text")
    if options.format in ("json", "parquet"):
        whole = reading.open_readable(connection, path, options, needed)
        return _Limited(whole.path, whole.options, whole.types, limit=limit)
    cut = _cut(path, options, scratch / "head", limit)
    readable = reading.rewrite_carefully(reading.open_readable(connection, cut, options), scratch / "records")
    if options.format == "jsonl":
        known = {sql.folded(name) for name in readable.types}
        if any(sql.folded(name) not in known for name in needed):
            readable.types |= reading.open_readable(connection, path, options, needed).types
    if not readable.types:
        raise UnreadableFile("no line holds a JSON object")
    return readable


@dataclass
class _Limited(Readable):
    """The first records of a format that only the engine can cut."""

    limit: int = SAMPLE_RECORDS

    def relation(self, *, rejects: bool = False) -> str:
        return f"(SELECT * FROM {super().relation(rejects=rejects)} LIMIT {self.limit})"


def _cut(path: Path, options: FileSet, target: Path, limit: int) -> Path:
    """Copies whole records: a cut inside quotes would look like damage."""
    quote = options.quote.encode() if options.format in ("csv", "tsv") else b""
    lines = quotes = size = 0
    with path.open("rb") as file, target.open("wb") as out:
        while size < _HEAD_BYTES and (piece := file.readline(files.CHUNK_BYTES)):
            out.write(piece)
            size += len(piece)
            lines += piece.endswith(b"\n")
            quotes += piece.count(quote) if quote else 0
            if lines > 4 * limit or (lines > limit and quotes % 2 == 0 and piece.endswith(b"\n")):
                break
    return target


# ---------------------------------------------------------------- dates

_DATE_PARTS = (
    *(f"{order}" for s in "./-" for order in (f"%d{s}%m{s}%Y", f"%d{s}%m{s}%y")),
    *(f"{order}" for s in "/-" for order in (f"%m{s}%d{s}%Y", f"%m{s}%d{s}%y")),
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d"),
    *("%d %b %Y", "%d-%b-%Y", "%d/%b/%Y", "%d-%b-%y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y"),
)
_TIME_PARTS = (
    "",
    *(f"{gap}{time}" for gap in (" ", ", ", "T") for time in ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f")),
    *(f"{gap}{time}" for gap in (" ", ", ") for time in ("%I:%M %p", "%I:%M:%S %p", "%I:%M%p", "%H.%M")),
    *("%H%M%S", " %H%M%S", "_%H%M%S", "T%H%M%S"),
)
_OTHER_FORMATS = ("%a %b %d %H:%M:%S %Y", "%a, %d %b %Y %H:%M:%S %z", "%a, %d %b %Y %H:%M:%S")
_EXAMPLES = {
    "%d": "03", "%m": "02", "%Y": "2024", "%y": "24", "%H": "10", "%I": "10", "%M": "20", "%S": "30",
    "%f": "123", "%p": "PM", "%b": "Feb", "%B": "February", "%a": "Sat",
}  # fmt: skip
_EPOCH_FROM, _EPOCH_TO = 1_104_537_600, 2_051_222_400  # 2005 to 2034: wider would take ids for times
_MIN_FIT = 0.95


def date_readings(connection: duckdb.DuckDBPyConnection, values: Iterable[str]) -> list[list[str]]:
    """Ways to read values as dates: each a list for `dates` (empty: no setting needed).

    Two ways mean that the values cannot tell the day from the month; none, that they are no dates.
    """
    distinct = list(dict.fromkeys(v.strip() for v in values))[:_MAX_DATE_VALUES]
    if not distinct or sum(map(_may_be_date, distinct)) < _MIN_FIT * len(distinct):
        return []
    epoch = _epoch(distinct)
    if epoch:
        return [[epoch]]
    if _plain_fit(connection, distinct):
        return [[]]
    skeletons = {_skeleton(v) for v in distinct}
    candidates = [f for s in sorted(skeletons) for f in _formats_by_skeleton().get(s, ())]
    fits = _fits(connection, distinct, list(dict.fromkeys(candidates)))
    readings = {}
    for order in ("day", "month"):
        chosen, n_read = _cover({f: hits for f, hits in fits.items() if _order(f) in ("", order)})
        if n_read >= _MIN_FIT * len(distinct):
            readings[tuple(chosen)] = n_read
    best = max(readings.values(), default=0)
    return [list(chosen) for chosen, n_read in readings.items() if n_read == best]


def _may_be_date(value: str) -> bool:
    return re.fullmatch(r"(?=.*\d.*\d.*\d)[^@]{6,40}", value) is not None


def _epoch(values: list[str]) -> str:
    for length, name in ((10, "epoch"), (13, "epoch_ms")):
        pattern = re.compile(rf"\d{{{length}}}(\.\d+)?")
        if all(pattern.fullmatch(v) and _EPOCH_FROM <= int(v[:10]) <= _EPOCH_TO for v in values):
            return name
    return ""


_ISO = re.compile(
    r"\d{4}[-/]\d{1,2}[-/]\d{1,2}"
    r"([T ]+\d{1,2}:\d{2}(:\d{2}(\.\d*)?)?( *(Z|z|UTC|GMT|[+-]\d{2}(:?\d{2})?))?)?"
)


def _plain_fit(connection: duckdb.DuckDBPyConnection, values: list[str]) -> bool:
    """Whether landing reads the values without any format."""
    if not all(map(_ISO.fullmatch, values)):
        return False
    days = [re.split("[T ]", value)[0] for value in values]
    query = "SELECT count(TRY_CAST(v AS DATE)) FROM (SELECT unnest($1::VARCHAR[]) AS v)"
    return bool(connection.execute(query, [days]).fetchall()[0][0] >= _MIN_FIT * len(values))


@cache
def _formats_by_skeleton() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    zoned = [d + t + z for d in _DATE_PARTS for t in _TIME_PARTS for z in ("", "%z", " %z") if t or not z]
    for one in (*zoned, *_OTHER_FORMATS):
        example = re.sub(r"%[a-zA-Z]", lambda code: _EXAMPLES.get(code[0], code[0]), one)
        for offset in ("+0100", "+01:00", "+01", "Z") if "%z" in example else ("",):
            found.setdefault(_skeleton(example.replace("%z", offset)), []).append(one)
    return found


def _skeleton(value: str) -> str:
    """Shape of a stamp: two- and four-digit numbers, fractions, words and what stands between."""
    lengths = {1: "d", 2: "d", 3: "f", 4: "y", 5: "f", 6: "f"}
    shaped = re.sub(r"[^\W\d_]+", "a", value)
    shaped = re.sub(r"\d+", lambda run: lengths.get(len(run[0]), f"<{len(run[0])}>"), shaped)
    return re.sub(r"-(y|d:d|d)$", r"+\1", shaped)  # offsets west of Greenwich


def _fits(
    connection: duckdb.DuckDBPyConnection, values: list[str], candidates: list[str]
) -> dict[str, list[bool]]:
    if not candidates:
        return {}
    # A year like 24 shows that %Y swallowed two digits.
    columns = ", ".join(
        f"coalesce(year(CAST(try_strptime({_spelled(f)}, {sql.text(f)}) AS TIMESTAMP)) "
        "BETWEEN 1950 AND 2100, false)"
        for f in candidates
    )
    rows = connection.execute(
        f"SELECT {columns} FROM (SELECT unnest($1::VARCHAR[]) AS v)", [values]
    ).fetchall()
    return {f: [row[i] for row in rows] for i, f in enumerate(candidates)}


def _spelled(date_format: str) -> str:
    """The value as landing hands it to strptime, which knows no Z."""
    return "regexp_replace(v, '[Zz]$', '+00:00')" if "%z" in date_format else "v"


def _cover(fits: dict[str, list[bool]]) -> tuple[list[str], int]:
    """The fewest formats that read most values, and how many they read."""
    chosen: list[str] = []
    covered: list[bool] = []
    while fits:
        best = max(fits, key=lambda f: sum(fits[f]))
        if not any(fits[best]):
            break
        chosen.append(best)
        hits = fits[best]
        covered = [a or b for a, b in zip(covered or [False] * len(hits), hits, strict=True)]
        fits = {
            f: [h and not c for h, c in zip(own, hits, strict=True)] for f, own in fits.items() if f != best
        }
    return chosen, sum(covered)


def _order(date_format: str) -> str:
    at = {code: date_format.find(code) for code in ("%d", "%m", "%Y")}
    if at["%d"] < 0 or at["%m"] < 0 or at["%Y"] == 0:
        return ""
    return "day" if at["%d"] < at["%m"] else "month"


# ---------------------------------------------------------------- columns


@dataclass(frozen=True)
class _Column:
    """A column of the file, or a key inside a column of JSON objects, as the sample shows it."""

    label: str
    expression: str
    values: tuple[str, ...]  # filled ones, in order
    n_records: int
    readings: list[list[str]] = field(hash=False, default_factory=list)
    parts: tuple[str, ...] = ()  # labels of the two columns a moment is made of

    @cached_property
    def counts(self) -> Counter[str]:
        return Counter(v.strip() for v in self.values)

    @property
    def filled_share(self) -> float:
        return len(self.values) / self.n_records if self.n_records else 0.0

    def share(self, pattern: str) -> float:
        """Share of distinct values of a shape."""
        matches = re.compile(pattern).fullmatch
        return sum(1 for v in self.counts if matches(v)) / len(self.counts) if self.counts else 0.0

    @property
    def is_epoch(self) -> bool:
        return bool(self.readings) and self.readings[0][:1] in (["epoch"], ["epoch_ms"])

    @cached_property
    def phrase(self) -> tuple[str, ...]:
        return _words(self.label)

    @cached_property
    def phrases(self) -> list[tuple[tuple[str, ...], float]]:
        """The name as it stands, without words that loaders add, and the innermost key of an object."""
        found = [(self.phrase, 1.0)]
        words = self.phrase[1:] if self.phrase[:1] in (("u",), ("sys",)) else self.phrase
        words = words[:-1] if words[-1:] in (("c",), ("value",), ("utc",)) else words
        if words and words != self.phrase:
            found.append((words, 0.97))
        innermost = _words(self.label.rpartition(".")[2])
        if innermost != self.phrase and innermost and innermost[0] not in _NAMELESS:
            found.append((innermost, 0.94))
        return found

    @cached_property
    def has_personal_name(self) -> bool:
        """Whether people, contact data or free text stand under such a name."""
        return bool(set(self.phrase) & _PERSONAL) or self.phrase in _SENDER_OR_RECEIVER

    @cached_property
    def has_personal_values(self) -> bool:
        """Whether the values look like people, addresses, numbers or prose."""
        return self.share(_TWO_NAMES) > _HALF or any(
            "@" in v or len(v) > _MAX_SHOWN or 2 * sum(map(str.isdigit, v)) > len(v) > 1 for v in self.counts
        )

    @property
    def is_short(self) -> bool:
        """Whether the values are a short list that repeats."""
        n = len(self.counts)
        return 0 < n <= MAX_CATEGORIES and len(self.values) >= 2 * n


def _words(name: str) -> tuple[str, ...]:
    """Lower-case words of a column name: `CaseId`, `case_id` and `Case ID` are one."""
    spaced = re.sub(r"(?<=[^\W\d_])(?=[A-Z][a-z])|(?<=[a-zß-ÿ])(?=[A-Z])", " ", name)
    return tuple(word for word in re.split(r"[\W_]+", spaced.casefold()) if word)


def _columns(connection: duckdb.DuckDBPyConnection, readable: Readable, nulls: list[str]) -> list[_Column]:
    names = list(readable.types)[:_MAX_COLUMNS]
    selected = ", ".join(_as_text(name, readable.types[name]) for name in names)
    rows = connection.execute(
        f"SELECT {selected} FROM {readable.relation()} LIMIT {SAMPLE_RECORDS}"
    ).fetchall()
    columns: list[_Column] = []
    for i, name in enumerate(names):
        kind = readable.types[name]
        values = tuple(row[i] for row in rows if row[i] is not None and row[i].strip() not in nulls)
        expression = _expression(name)
        is_object = kind.startswith("STRUCT") or _is_object(values)
        if is_object:
            base = f"to_json({expression})" if kind.startswith("STRUCT") else expression
            columns += _nested(connection, _Column(name, base, values, len(rows)), nulls)
            continue
        readings = date_readings(connection, values)
        if kind in ("BIGINT", "INTEGER", "DOUBLE", "HUGEINT", "UBIGINT") and readings:
            expression = f"CAST({expression} AS VARCHAR)"  # landing reads epochs from text only
        columns.append(_Column(name, expression, values, len(rows), readings))
    return [*columns, *_joined_times(connection, columns)]


def _as_text(name: str, kind: str) -> str:
    quoted = sql.name(name)
    if kind == "VARCHAR":
        return quoted
    return f"CAST(to_json({quoted}) AS VARCHAR)" if "STRUCT" in kind else f"CAST({quoted} AS VARCHAR)"


@cache
def _keywords() -> frozenset[str]:
    query = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
    with duckdb.connect() as connection:
        return frozenset(row[0] for row in connection.execute(query).fetchall())


def _expression(name: str) -> str:
    is_bare = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name)
    lowered = name.lower()
    if is_bare and lowered not in _keywords() and not lowered.startswith(("current_", "local", "session_")):
        return name
    return sql.name(name)


def _is_object(values: tuple[str, ...]) -> bool:
    start = values[:50]
    return bool(start) and sum(isinstance(_json(v), dict) for v in start) > 0.8 * len(start)


def _json(text: str) -> Any:
    if not text.lstrip().startswith("{"):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _nested(connection: duckdb.DuckDBPyConnection, column: _Column, nulls: list[str]) -> Iterator[_Column]:
    """The keys inside a column of JSON objects, each as a column of its own."""
    found: dict[tuple[str, ...], list[str]] = {}
    for value in column.values:
        for path, leaf in _leaves(_json(value), ()):
            if path in found or len(found) < _MAX_NESTED_KEYS:
                found.setdefault(path, []).append(leaf)
    for path, leaves in found.items():
        if all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key) for key in path):
            inner = "$." + ".".join(path)
        else:  # a JSON pointer can name any key
            inner = "/" + "/".join(key.replace("~", "~0").replace("/", "~1") for key in path)
        filled = tuple(leaf for leaf in leaves if leaf.strip() not in nulls)
        yield _Column(
            ".".join((column.label, *path)),
            f"{column.expression}->>{sql.text(inner)}",
            filled,
            column.n_records,
            date_readings(connection, filled),
        )


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if not isinstance(value, dict) or len(path) > _MAX_DEPTH:
        return
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _leaves(inner, (*path, key))
        elif isinstance(inner, bool):
            yield (*path, key), "true" if inner else "false"
        elif inner is not None and not isinstance(inner, list):
            yield (*path, key), str(inner)


_CLOCK = r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"
_MOMENT_WORDS = {
    *_split("start begin begun end exit open opened close closed created received from to until")
}


def _joined_times(connection: duckdb.DuckDBPyConnection, columns: list[_Column]) -> Iterator[_Column]:
    """A time of day beside a lone date column makes a moment: both are offered as one column."""
    days = [
        c
        for c in columns
        if c.readings and not c.is_epoch and c.share(r"[^:]+") == 1 and c.filled_share > _MOSTLY
    ]
    if not days:
        return
    day = days[0]
    for clock in columns:
        if clock.share(_CLOCK) < 1 or not set(clock.phrase) & _MOMENT_WORDS or clock.n_records == 0:
            continue
        # The sample's gaps are not kept per row, so the pairs only show the shape of both together.
        values = tuple(f"{d} {t}" for d, t in zip(day.values, clock.values, strict=False))
        readings = date_readings(connection, values)
        if readings:
            expression = f"{day.expression} || ' ' || {clock.expression}"
            yield _Column(
                clock.label, expression, values, clock.n_records, readings, (day.label, clock.label)
            )


# ---------------------------------------------------------------- which entity, which field

_SURE, _LIKELY, _PROPOSE = 0.9, 0.75, 0.6
_LAST_RESORT, _OWN_ID = 0.68, 0.85
_RECORD_IDS = {("id",), ("sys", "id"), ("key",), ("number",), ("unique", "id"), ("uniqueid",)}
_UNCLEAR = 0.8  # a total below this comes from one or two common names
_EXACT, _JOINED, _REORDERED, _INSIDE = 1.0, 0.98, 0.93, 0.62
_ALIKE = 0.85
_MOSTLY = 0.9
_UNLIKELY = 0.5
_REQUIRED_FIRST = 0.03
_EMPTY_FIT = 0.65
_WEAKEST_NAME = 0.4
_MIN_KEYS = 20  # fewer rows cannot show whether a key repeats
_LONG_WORD = 5  # shorter ones turn up inside words they have nothing to do with
# Ids that nothing else refers to: where the file has none, the row itself can serve.
_ROW_IDS = {"note_id", "message_id", "response_id", "usage_id"}
_MAX_ID_COLUMNS = 8
_CALL_WORDS = {"call", "calls", "caller", "phone", "phonefinal", "ani"}
# With such a word more, a column tells of something else: who did it, how often, of which other record.
_OTHERWISE = {"by", "count"}
_APART = {"parent", "previous", "old", "new", "next", "last", "first", "link", "merged", "problem"}


@dataclass(frozen=True)
class _Match:
    column: _Column
    score: float


@dataclass(frozen=True)
class _Guess:
    entity: Entity
    matches: dict[str, _Match] = field(hash=False)
    made_up: dict[str, str] = field(hash=False)  # field to an expression over the file as a whole
    score: float

    @property
    def absent(self) -> list[str]:
        return [n for n in self.entity.required if n not in self.matches and n not in self.made_up]


@cache
def _names(entity: str, name: str) -> tuple[tuple[tuple[str, ...], float], ...]:
    """Phrases that may head the field's column, each with how far it can be trusted."""
    own = [(name, 1.0)]
    for key in (f"{entity}.{name}", name):
        for i, phrase in enumerate(filter(None, map(str.strip, _SYNONYMS.get(key, "").split(",")))):
            trust = _LAST_RESORT if phrase.startswith("?") else 1.0 - 0.002 * (i + 1)
            own.append((phrase.removeprefix("?"), trust))
    return tuple((_words(phrase), trust) for phrase, trust in own)


@lru_cache(maxsize=100_000)
def _similarity(column: tuple[str, ...], phrase: tuple[str, ...]) -> float:
    joined, wanted = "".join(column), "".join(phrase)
    have, want = set(column), set(phrase)
    score = 0.0
    if joined == wanted:
        score = _EXACT if column == phrase else _JOINED
    elif have == want:
        score = _REORDERED
    elif (have - want) & _OTHERWISE:
        score = 0.0
    elif want < have:
        score = (0.5 + 0.35 * len(phrase) / len(column)) * (0.6 if (have - want) & _APART else 1.0)
    elif len(wanted) >= _LONG_WORD and wanted in joined:
        score = _INSIDE
    elif not (have ^ want) & _APART:
        matcher = difflib.SequenceMatcher(None, joined, wanted)
        ratio = matcher.ratio() if matcher.real_quick_ratio() > _ALIKE < matcher.quick_ratio() else 0.0
        score = ratio * _ALIKE if ratio > _ALIKE else 0.0
    return score


def _name_score(entity: Entity, name: str, column: _Column, is_about_entity: bool) -> float:
    score = max(
        _similarity(own, phrase) * trust * weight
        for own, weight in column.phrases
        for phrase, trust in _names(entity.name, name)
    )
    is_record_id = name == entity.key[0] and column.phrase in _RECORD_IDS
    # A plain `id` is the record's own; whose record that is, only the file's name can say.
    return max(score, _OWN_ID if is_about_entity else _LAST_RESORT) if is_record_id else score


def _type_fit(kind: str, column: _Column) -> float:
    """How well the values suit a field's type; an empty column can only be judged by its name."""
    if not column.counts:
        return _EMPTY_FIT
    is_date = bool(column.readings) and not column.is_epoch
    is_prose = sum(map(len, column.counts)) / len(column.counts) > _MAX_VALUE
    words = {v.casefold() for v in column.counts}
    fit = 1.0
    if kind in ("ts", "date"):
        has_time = column.is_epoch or any(":" in v for v in column.counts)
        fit = 0.1 if not column.readings else 1.0 if has_time == (kind == "ts") else 0.95
    elif kind == "bool" and not words <= {*_YES, *_NO, *_YES_ELSEWHERE, *_NO_ELSEWHERE}:
        fit = _INSIDE if len(words) <= len(("yes", "no", "unknown")) else 0.1
    elif kind in ("int", "num"):
        pattern = r"[+-]?\d+(\.0+)?" if kind == "int" else r"[+-]?[\d.,]+"
        fit = 1.0 if column.share(pattern) > _MOSTLY and not is_date else 0.2
    elif kind in ("phone", "phones"):
        separators = "|;," if kind == "phones" else ""
        fit = 1.0 if column.share(rf"\+?[\d\s()./+{separators}-]{{6,80}}") > _HALF else 0.3
    elif kind in ("id", "text"):
        fit = 0.3 if is_date or is_prose else 0.7 if kind == "id" and words <= {"true", "false"} else 1.0
    return fit


def _guess(columns: list[_Column], file_words: set[str]) -> list[_Guess]:
    """Every entity with the columns that would fill it, the likeliest first."""
    usable = [c for c in columns if not c.label.lower().startswith(_LOADER_COLUMNS)]
    guesses = [_judge(entity, usable, file_words) for entity in contract.entities().values()]
    return sorted(guesses, key=lambda guess: -guess.score)


def _judge(entity: Entity, columns: list[_Column], file_words: set[str]) -> _Guess:
    is_about = bool(_entity_words(entity.name) & file_words)
    scored = []
    for column in columns:
        for name, own in entity.columns.items():
            score = 0.0 if own.pii == "drop" else _name_score(entity, name, column, is_about)
            if score >= _WEAKEST_NAME:
                score *= _type_fit(own.type, column)
                score *= 0.8 + 0.2 * column.filled_share if own.is_required else 1.0
            if score >= _PROPOSE:
                scored.append((score, name, column))
    # A column that fits two fields goes to the one the row cannot do without.
    scored.sort(key=lambda s: -s[0] - _REQUIRED_FIRST * entity.columns[s[1]].is_required)
    matches: dict[str, _Match] = {}
    taken: set[str] = set()
    for score, name, column in scored:
        if name not in matches and column.expression not in taken:
            matches[name] = _Match(column, score)
            taken.add(column.expression)
    made_up = _made_up(entity, matches, columns, file_words)
    total = sum(_weight(entity, name) * match.score for name, match in matches.items())
    n_found = sum(1.0 if name in matches else 0.6 * (name in made_up) for name in entity.required)
    total *= (n_found + 0.3) / (len(entity.required) + 0.3)
    total *= _file_factor(entity.name, file_words) * _key_factor(entity, matches, file_words)
    return _Guess(entity, matches, made_up, total)


def _made_up(
    entity: Entity, matches: dict[str, _Match], columns: list[_Column], file_words: set[str]
) -> dict[str, str]:
    """Required fields that no column holds and the file as a whole may still answer."""
    absent = [name for name in entity.required if name not in matches]
    words = {word for column in columns for word in column.phrase} | file_words
    found: dict[str, str] = {}
    if entity.name == "contacts" and "channel" in absent and words & _CALL_WORDS:
        found["channel"] = sql.text("voice")
    if entity.name == "surveys" and "kind" in absent and "value" in matches:
        found["kind"] = sql.text(next((kind for kind in ("nps", "ces") if kind in words), "csat"))
    for name in absent:
        telling = [c for c in columns if c.counts and not c.parts and "." not in c.label][:_MAX_ID_COLUMNS]
        if name in _ROW_IDS and telling:
            listed = ", ".join(c.expression for c in telling)
            found[name] = f"left(md5(concat_ws('|', {listed})), 20)"
    return found


@cache
def _n_entities_with(name: str) -> int:
    return sum(name in entity.columns for entity in contract.entities().values())


def _weight(entity: Entity, name: str) -> float:
    """A field that many entities have tells little about which one it is."""
    return 1.0 if name in entity.key or entity.columns[name].is_required else _n_entities_with(name) ** -0.5


def _entity_words(entity: str) -> set[str]:
    return {*_FILE_WORDS.get(entity, "").split(), *(w.removesuffix("s") for w in _words(entity))}


def _file_factor(entity: str, file_words: set[str]) -> float:
    shared = _entity_words(entity) & file_words
    return 1.0 + (0.5 if shared & _TELLING_WORDS else 0.3 if shared else 0.0)


def _key_factor(entity: Entity, matches: dict[str, _Match], file_words: set[str]) -> float:
    """One row per case has each case once; its history has it several times."""
    first = matches.get(entity.key[0])
    if first is None:
        return 1.0
    n, n_distinct = len(first.column.values), len(first.column.counts)
    if entity.name == "case_snapshots" and n == n_distinct and not file_words & _TELLING_WORDS:
        return _UNLIKELY  # nearly every table has an id and a time of its last update
    if n < _MIN_KEYS:
        return 1.0
    return 1.0 if (n_distinct > 0.97 * n) == (len(entity.key) == 1) else _UNLIKELY


# ---------------------------------------------------------------- the file as such


@dataclass(frozen=True)
class _Look:
    """What the file is, before its columns are looked at; `warnings` go to the top of the draft."""

    options: FileSet
    remarks: dict[str, str] = field(hash=False)
    warnings: list[str] = field(hash=False)


_BINARY = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"SQLite": "a SQLite database",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"BZh": "a bzip2 archive",
}


def source_name(file: Path) -> str:
    """A valid source name made of the file's name, without dates and endings."""
    stem = PurePosixPath(file.name).name
    while (suffix := PurePosixPath(stem).suffix.lower()) and re.fullmatch(r"\.[a-z][a-z0-9]{1,7}", suffix):
        stem = stem[: -len(suffix)]
    plain_ascii = _DATED.sub(" ", stem).translate(str.maketrans("äöüÄÖÜéèàß", "aouAOUeeas"))
    words = re.findall(r"[a-z0-9]+", "_".join(_words(plain_ascii)))
    name = "_".join(words)[:63].strip("_")
    if not name:
        return "export"
    return name if name[0].isalpha() else f"source_{name}"[:63].rstrip("_")


_DATED = re.compile(
    r"\d{4}[-_.]?\d{2}[-_.]?\d{2}([T_-]?\d{2}[-_:]?\d{2}([-_:]?\d{2})?)?"
    r"|\d{4}-?[WwQq]\d{1,2}|\d{4}-\d{2}"
)


def draft(file: Path, exports: Path | None = None) -> str:
    """A commented source file for an export.

    Args:
        file: CSV, TSV, JSON lines, a JSON array or Parquet; plain, `.gz` or `.zip`.
        exports: the folder exports arrive in; if the file lies below it, the glob says where.

    Raises:
        ConfigurationError: the file is missing, damaged or of no format that can be landed.
    """
    if not file.is_file():
        raise ConfigurationError(f"{file} is no file. Name the export to look at.")
    try:
        with tempfile.TemporaryDirectory(prefix="faultline-") as folder, duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            return _draft(connection, file, exports, Path(folder))
    except UnreadableFile as error:
        raise ConfigurationError(f"{file}: {error}.") from error
    except (duckdb.Error, OSError) as error:
        raise ConfigurationError(f"{file} cannot be read: {reading.first_line(error)}") from error


def _draft(connection: duckdb.DuckDBPyConnection, file: Path, exports: Path | None, scratch: Path) -> str:
    delivered, others = _delivered(file)
    path = plain(delivered, scratch)
    look = _look(path, delivered.member or file.name)
    if others:
        look.warnings.append(
            f"The archive holds {others + 1} files and each of them is landed alike. This one was looked at: "
            f"{one_line(delivered.member)}"
        )
    readable = head(connection, path, look.options, scratch, limit=SAMPLE_RECORDS)
    if readable.damage:
        first = readable.damage[0]
        look.warnings.append(
            f"{len(readable.damage):,} of the first records cannot be read and would go to quarantine, the "
            f"first at line {first.line}: {one_line(first.reason)}"
        )
    plain_columns = _columns(connection, readable, [""])
    nulls, doubtful = _null_tokens(plain_columns)
    columns = _columns(connection, readable, nulls) if len(nulls) > 1 else plain_columns
    look = replace(look, options=look.options.model_copy(update={"nulls": nulls}))
    if doubtful:
        look.remarks["nulls"] = f"also seen: {', '.join(doubtful)}; add what means nothing"
    words = {w.removesuffix("s") for w in _words(file.name + " " + delivered.member)}
    return _Writer(file, exports, look, columns, _guess(columns, words)).text()


def _delivered(file: Path) -> tuple[Delivered, int]:
    """The file or the largest member of the archive, and how many other members there are."""
    stat = file.stat()
    whole = Delivered(file.name, file, "", stat.st_size, stat.st_mtime_ns)
    if file.suffix.lower() != ".zip":
        return whole, 0
    try:
        with zipfile.ZipFile(file) as archive:
            members = [
                i for i in archive.infolist() if not i.is_dir() and not i.filename.startswith("__MACOSX/")
            ]
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise UnreadableFile(f"damaged archive ({error}); deliver it again") from error
    if not members:
        raise UnreadableFile("the archive holds no file")
    largest = max(members, key=lambda info: info.file_size)
    return replace(whole, member=largest.filename), len(members) - 1


def _look(path: Path, name: str) -> _Look:
    with path.open("rb") as file:
        start = file.read(_TEXT_SAMPLE)
    if not start:
        raise UnreadableFile("the file is empty")
    if start.startswith(b"PAR1"):
        return _Look(FileSet(glob="*", format="parquet", feeds={}), {}, [])
    for magic, what in _BINARY.items():
        if start.startswith(magic):
            raise UnreadableFile(f"{what}; export it as CSV, JSON lines or Parquet")
    if start.startswith(b"PK\x03\x04"):
        raise UnreadableFile("an Excel workbook or an archive within an archive; export it as CSV")
    encoding, remark = _encoding(path, start)
    if not encoding:
        raise UnreadableFile("neither text nor Parquet; export it as CSV, JSON lines or Parquet")
    text = start.decode(encoding, errors="replace").lstrip("\ufeff")
    remarks = {"encoding": remark} if remark else {}
    written = {"utf-8-sig": "utf-8", "cp1252": "windows-1252"}.get(encoding, encoding)
    json_format = _json_format(text, name)
    if json_format:
        return _Look(FileSet(glob="*", format=json_format, encoding=written, feeds={}), remarks, [])
    delimiter, quote = dialect(text)
    warnings = _header_warnings(text, delimiter, quote)
    options = FileSet(
        glob="*",
        format="tsv" if delimiter == "\t" else "csv",
        delimiter=delimiter,
        quote=quote,
        encoding=written,
        feeds={},
    )
    return _Look(options, remarks, warnings)


_LIKELY_CODECS = [
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1257", "iso8859_15", "mac_roman", "cp850"),
    *("shift_jis", "euc_kr", "gb18030", "big5"),
]


def _encoding(path: Path, start: bytes) -> tuple[str, str]:
    for mark, codec in files.BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return codec, "the file says so itself (byte order mark)"
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig", ""
    nulls = start[:4096].count(0)
    if nulls:
        even = start[:4096:2].count(0)
        if nulls < len(start[:4096]) // 4:
            return "", ""
        return (
            "utf-16-be" if even > nulls - even else "utf-16-le"
        ), "no byte order mark; judged by its zero bytes"
    foreign = _not_utf8(path)
    if not foreign:
        return "utf-8", ""
    best = charset_normalizer.from_bytes(foreign, cp_isolation=_LIKELY_CODECS, enable_fallback=False).best()
    guess = best.encoding if best else "cp1252"
    # The western code pages agree on nearly every letter; the one Windows writes is the safest bet.
    same = best is not None and "cp1252" in best.could_be_from_charset
    return ("cp1252" if same else guess), "<- guessed: look at names with accents in `sources check`"


def _not_utf8(path: Path) -> bytes:
    """Lines with bytes beyond ASCII, if the file is no UTF-8; else nothing."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8, foreign = True, b""
    with path.open("rb") as file:
        while chunk := file.read(files.CHUNK_BYTES):
            if is_utf8:
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError:
                    is_utf8 = False
            if len(foreign) < _TEXT_SAMPLE // 4 and not chunk.isascii():
                foreign += b"\n".join(line for line in chunk.splitlines() if not line.isascii())
            if not is_utf8 and len(foreign) >= _TEXT_SAMPLE // 4:
                break
    return b"" if is_utf8 else foreign[: _TEXT_SAMPLE // 4]


_WRAPPED = re.compile(r'"(\w+)"\s*:\s*\[\s*\{')


def _json_format(text: str, name: str) -> Any:
    stripped = text.lstrip()
    if stripped.startswith("[") and re.match(r"\[\s*(\{|\]|$)", stripped):
        return "json"
    if not stripped.startswith("{"):
        return ""
    first, _, rest = stripped.partition("\n")
    try:
        value = json.loads(first)
    except ValueError:
        value = None
    is_wrapped = name.lower().endswith(".json") and not rest.strip() and _WRAPPED.search(first)
    if isinstance(value, dict) and not is_wrapped:
        return "jsonl"
    if not rest and not re.search(r"\.(json|jsonl|ndjson)", name.lower()):
        return ""
    raise UnreadableFile(f"one JSON object, not a list of records; {_way_out(text)}")


def _way_out(text: str) -> str:
    """How to make records of a JSON object, with the name of the list that it holds."""
    match = _WRAPPED.search(text)
    if match is None:
        return "write each object on a line of its own, e.g. jq -c . FILE > records.jsonl"
    return f"take the list out of it, e.g. jq -c '.{match[1]}[]' FILE > records.jsonl"


_DIALECT_RECORDS = 300
_DELIMITERS = (",", ";", "\t", "|", "^", "~")


def dialect(text: str) -> tuple[str, str]:
    """Delimiter and quote under which most records have as many fields as the header."""
    sample = text[: 1 << 18]
    if len(text) > len(sample):
        sample = sample[: sample.rfind("\n") + 1] or sample
    best, best_score = (",", '"'), 0.0
    for quote in ('"', "'", ""):
        if quote == "'" and not re.search(r"([,;\t|]'[^'\n]*'){2}[,;\t|\r\n]", sample):
            continue
        for delimiter in _DELIMITERS:
            score = _consistency(sample, delimiter, quote)
            # Another quoting must earn its place: most files hold no quotes at all.
            if score > best_score * (1.0 if quote == '"' else 1.1):
                best, best_score = (delimiter, quote), score
    return best


def _consistency(sample: str, delimiter: str, quote: str) -> float:
    csv.field_size_limit(files.MAX_LINE_BYTES)
    reader = csv.reader(
        io.StringIO(sample, newline=""),
        delimiter=delimiter,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        strict=True,
    )
    widths: Counter[int] = Counter()
    n_broken = 0
    while sum(widths.values()) + n_broken < _DIALECT_RECORDS:
        try:
            record = next(reader)
        except StopIteration:
            break
        except csv.Error:
            n_broken += 1
            continue
        if record:
            widths[len(record)] += 1
    if not widths:
        return 0.0
    width, n_same = widths.most_common(1)[0]
    agreement: float = n_same / (sum(widths.values()) + n_broken)
    return 0.01 * agreement if width == 1 else agreement + 0.01 * min(width, 40)


def _header_warnings(text: str, delimiter: str, quote: str) -> list[str]:
    lines = text.splitlines()[:50]
    widths = [line.count(delimiter) for line in lines if line.strip()]
    warnings = []
    if lines and lines[0].lower().startswith("sep="):
        warnings.append(
            "The first line is Excel's `sep=` mark and not the header: have it removed from the export."
        )
    elif widths and widths[0] == 0 and min(widths[2:], default=0) > 0:
        warnings.append(
            "The first line is narrower than the rest: have lines above the header removed from the export."
        )
    elif widths and widths[0] and re.fullmatch(r"[\d\s.,:;|/+-]+", lines[0].replace(quote or '"', "")):
        warnings.append(
            "The first line looks like data: Faultline needs a line with column names at the top."
        )
    if '\\"' in text and '""' not in text and quote:
        warnings.append(
            r"Quotes inside values are escaped with a backslash (\"); Faultline reads doubled ones only."
        )
    return warnings


def _null_tokens(columns: list[_Column]) -> tuple[list[str], list[str]]:
    seen: Counter[str] = Counter()
    for column in columns:
        seen.update(column.counts.keys() & {*_NULL_TOKENS, *_DOUBTFUL_NULLS})
    return ["", *(t for t in _NULL_TOKENS if seen[t])], [t for t in _DOUBTFUL_NULLS if seen[t]]


# ---------------------------------------------------------------- writing


def scalar(text: str) -> str:
    """A YAML scalar that reads back as exactly this text, as a key and as a value."""
    if text.isprintable():
        plainly = [text] if re.match(r"[A-Za-z_*]", text) else []
        doubly = [f'"{text}"'] if "'" in text and '"' not in text and "\\" not in text else []
        for written in (*plainly, *doubly, "'" + text.replace("'", "''") + "'"):
            try:
                if yaml.safe_load(f"- {written}: {written}") == [{text: text}]:
                    return written
            except (yaml.YAMLError, ValueError):
                continue
    return _double(text)


def one_line(text: str, limit: int = 60) -> str:
    """Text from a file that can stand in a comment or on a terminal: nothing unprintable, no line breaks."""
    clean = "".join(c if c.isprintable() else " " for c in text[: 4 * limit])
    clean = " ".join(clean.split())
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def _shape(value: str) -> str:
    """A value without its content: letters become x, digits 9."""
    shaped = "".join("x" if c.isalpha() else "9" if c.isnumeric() else c for c in value[:24])
    return one_line(shaped)


def _percent(share: float) -> str:
    """A share that says neither "all" nor "none" when it is only nearly so."""
    percent = round(share * 100)
    return "<1 %" if percent == 0 < share else f"{min(percent, 99) if share < 1 else 100} %"


_WITH_OFFSET = r".*\d:\d\d.*([+-]\d{2}(:?\d{2})?|[Zz])"


class _Writer:
    """Puts the draft together."""

    def __init__(
        self, file: Path, exports: Path | None, look: _Look, columns: list[_Column], guesses: list[_Guess]
    ) -> None:
        self.file, self.exports, self.look, self.columns, self.guesses = file, exports, look, columns, guesses
        self.best = guesses[0]
        self.options = look.options
        self.shared_dates = self._shared_dates()

    def text(self) -> str:
        lines = [
            *self._top(),
            *self._files(),
            *self._feed(),
            *self._unused(),
        ]
        return "\n".join(line.rstrip() for line in lines) + "\n"

    def _top(self) -> list[str]:
        n = self.columns[0].n_records if self.columns else 0
        records = f"{n:,} record{'' if n == 1 else 's'}"
        lines = [
            f"# Draft for {one_line(self.file.name)}, made from its first {records}.",
            "# Look at every line marked <- , then run: faultline sources check",
        ]
        lines += [f"# <- {warning}" for warning in self.look.warnings]
        times = [m.column for name, m in self.best.matches.items() if self._type(name) == "ts"]
        filled = [column for column in times if column.counts]
        has_offsets = bool(filled) and all(c.is_epoch or c.share(_WITH_OFFSET) == 1 for c in filled)
        zone = "every stamp carries its offset; days are cut in this zone"
        if not has_offsets:
            zone = "<- zone of stamps that carry no offset, e.g. Europe/Berlin"
        lines += [
            f"source: {source_name(self.file)}",
            "# centre: my_centre # sources of one centre are read together; without it this one stands alone",
            "connector: mapped",
            f"time_zone: UTC # {zone}",
        ]
        if any(self._type(name).startswith("phone") for name in self.best.matches):
            lines.append("# phone_region: DE # <- country of phone numbers that carry no country code")
        return lines

    def _type(self, name: str) -> str:
        return self.best.entity.columns[name].type

    def _files(self) -> list[str]:
        options = self.options
        pattern, delivered, remark = self._glob()
        lines = [
            "files:",
            f"  {self.best.entity.name}:",
            f"    glob: {scalar(pattern)}{remark}",
            f"    format: {options.format}",
        ]
        if options.format == "csv" and options.delimiter != ",":
            lines.append(f"    delimiter: {_double(options.delimiter)}")
        if options.format in ("csv", "tsv") and options.quote != '"':
            lines.append(f"    quote: {_double(options.quote)}")
        if options.encoding != "utf-8" or "encoding" in self.look.remarks:
            remark = self.look.remarks.get("encoding", "")
            name = {"cp1252": "windows-1252"}.get(options.encoding, options.encoding)
            lines.append(f"    encoding: {name}" + (f" # {remark}" if remark else ""))
        remark = self.look.remarks.get("nulls", "")
        if options.nulls != [""]:
            listed = ", ".join(_double(token) for token in options.nulls)
            lines.append(f"    nulls: [{listed}]" + (f" # {remark}" if remark else ""))
        elif remark:
            lines.append(f'    # nulls: [""] # {remark}')
        lines += self._decimal() + self._separator()
        if self.shared_dates:
            lines.append(f"    dates: [{', '.join(map(_double, self.shared_dates))}]")
        if delivered:
            lines.append(
                f"    delivered: {scalar(delivered)} # the date in the file's name is when it was delivered"
            )
        return [*lines, "    feeds:"]

    def _glob(self) -> tuple[str, str, str]:
        """Glob, pattern of the delivery date and a remark on the glob."""
        folder = "**/"
        if self.exports is not None and self.file.resolve().is_relative_to(self.exports.resolve()):
            parent = self.file.resolve().relative_to(self.exports.resolve()).parent.as_posix()
            folder = "" if parent == "." else f"{glob.escape(parent)}/"
        dated = _DATED.search(self.file.stem)
        if dated is None:
            return folder + glob.escape(self.file.name), "", ""
        start, end = dated.span()
        pattern = glob.escape(self.file.name[:start]) + "*" + glob.escape(self.file.name[end:])
        has_day = re.fullmatch(r"\d{4}[-_.]?\d{2}[-_.]?\d{2}.*", dated[0])
        delivered = r"(\d{4}[-_.]?\d{2}[-_.]?\d{2})" if has_day else ""
        return folder + pattern, delivered, " # <- every file of this shape; the date became *"

    def _decimal(self) -> list[str]:
        numbers = [m.column for name, m in self.best.matches.items() if self._type(name) == "num"]
        with_comma = [c for c in numbers if c.share(r"[+-]?\d{1,3}(\.\d{3})*,\d+|[+-]?\d+,\d+") > _SOME]
        with_point = [c for c in numbers if c.share(r"[+-]?\d+\.\d+|[+-]?\d{1,3}(,\d{3})+\.\d+") > _SOME]
        if not with_comma or with_point:
            return []
        if all(c.share(r"[+-]?\d{1,3}(,\d{3})+|[+-]?\d+") == 1 for c in with_comma):
            return ['    # decimal: "," # <- does 1,234 mean a bit more than one here? Then free this line']
        return ['    decimal: ","']

    def _separator(self) -> list[str]:
        for name, match in self.best.matches.items():
            if self._type(name) in ("list", "phones"):
                seen = [s for s in "|;," if any(s in v for v in match.column.counts)]
                if seen and seen[0] != "|":
                    return [f"    list_separator: {_double(seen[0])} # between the values of {name}"]
        return []

    def _shared_dates(self) -> list[str]:
        """The formats of all time columns together, if they agree and need any."""
        times = [m.column for name, m in self.best.matches.items() if self._type(name) in ("ts", "date")]
        readings = {tuple(self._settled(column)[0]) for column in times if column.counts}
        if any(len(self._settled(c)) > 1 for c in times) or len(readings) != 1:
            return []
        return list(readings.pop())

    def _settled(self, column: _Column) -> list[list[str]]:
        """The readings of a column; where both orders fit, another column of the file may decide."""
        readings = column.readings or [[]]
        if len(readings) <= 1:
            return readings
        orders = {
            _order(c.readings[0][0])
            for c in self.columns
            if len(c.readings) == 1 and c.readings[0] and c.readings[0][0] in {f for r in readings for f in r}
        } - {""}
        if len(orders) != 1:
            return readings
        return [r for r in readings if {_order(f) for f in r} <= orders | {""}] or readings

    def _feed(self) -> list[str]:
        entity = self.best.entity
        lines = [*self._runner_up(), ""]
        lines[-1] = f"      {entity.name}: # one row per {entity.grain.removeprefix('one ')}"
        body: list[str] = []
        for name in entity.columns:
            if name in self.best.matches:
                body += self._field(name, self.best.matches[name])
            elif name in self.best.made_up:
                why = "no column names the row" if name in _ROW_IDS else "the file does not say"
                body.append(f"        {name}: {scalar(self.best.made_up[name])} # <- a guess: {why}")
        if not body:
            lines[-1] = f"      {entity.name}: {{}} # <- no column was recognised; fill in the lines below"
        needed = self.best.absent
        if needed:
            body.append(
                "        # <- Needed before this file can be used. Name a column or an expression for each:"
            )
            body += [f"        # {name}:  # {self._explained(name)}" for name in needed]
        settled = {*self.best.matches, *self.best.made_up, *needed}
        others = [n for n, own in entity.columns.items() if n not in settled and own.pii != "drop"]
        if others:
            body += _folded("        # Not found, not needed: ", ", ".join(others), "        #   ")
        return lines + body

    def _runner_up(self) -> list[str]:
        lines = []
        if self.best.score < _UNCLEAR:
            lines.append(
                "      # <- The columns speak for no entity clearly. All of them: docs/source_contract.md"
            )
        second = self.guesses[1]
        if second.score > 0.25 * self.best.score and second.matches:
            pairs = [f"{n} from {one_line(m.column.label, 30)}" for n, m in second.matches.items()]
            more = [f"and {len(pairs) - _SHOWN_PAIRS} more"] if len(pairs) > _SHOWN_PAIRS else []
            known = ", ".join(pairs[:_SHOWN_PAIRS] + more)
            lines += _folded(f"      # Second guess: {second.entity.name} (", f"{known})", "      #   ")
        return lines

    def _explained(self, name: str) -> str:
        column = self.best.entity.columns[name]
        if column.note:
            return column.note
        words = {"ts": "a date and time", "date": "a date", "int": "a whole number", "num": "a number"}
        words |= {"id": "an identifier", "text": "text", "bool": "yes or no"}
        return _EXPLAINED.get(name) or f"{words.get(column.type, column.type)}: {name.replace('_', ' ')}"

    def _field(self, name: str, match: _Match) -> list[str]:
        column = match.column
        remark = self._remark(name, match)
        expression = scalar(column.expression)
        settled = self._settled(column) if self._type(name) in ("ts", "date") else [[]]
        dates: list[str] = []
        if len(settled) > 1:
            remark = "<- day or month first? The values allow both: look one up, then free the right line"
            dates = [f"          # dates: [{', '.join(map(_double, r))}]" for r in settled]
        elif settled[0] and settled[0] != self.shared_dates:
            dates = [f"          dates: [{', '.join(map(_double, settled[0]))}]"]
        if len(column.readings) > 1 and len(settled) == 1 and self._type(name) in ("ts", "date"):
            remark += "; the order of day and month is that of another column"
        mapped = self._value_map(name, column)
        if not dates and not mapped:
            return [f"        {name}: {expression} # {remark}"]
        return [f"        {name}: # {remark}", f"          from: {expression}", *dates, *mapped]

    def _remark(self, name: str, match: _Match) -> str:
        column = match.column
        score = match.score if column.counts else match.score / _EMPTY_FIT
        parts = ["sure" if score >= _SURE else "likely" if score >= _LIKELY else "<- a guess"]
        if not column.counts:
            parts.append("empty in the sample")
        elif column.filled_share < 1:
            share = _percent(1 - column.filled_share)
            effect = ": such rows go to quarantine" if self.best.entity.columns[name].is_required else ""
            parts.append(f"{'<- ' if effect else ''}empty in {share}{effect}")
        if self.best.entity.columns[name].pii == "hash" or self._type(name).startswith("phone"):
            parts.append("hashed while landing")
        return "; ".join(parts)

    def _value_map(self, name: str, column: _Column) -> list[str]:
        """`map:` for values that others write differently, and comments on those nobody recognised."""
        words = self._vocabulary(name)
        if not words or not column.counts:
            return []
        is_harmless = name == "field" or not column.has_personal_name
        is_shown = column.is_short and is_harmless and not column.has_personal_values
        known, unknown = {}, []
        for value in sorted(column.counts):
            ours = _recognised(value, words, by_first_word=is_shown)
            if not ours:
                unknown.append(value)
            elif ours != value and not (self._type(name) == "bool" and value.casefold() in (*_YES, *_NO)):
                known[value] = ours
        choices = ", ".join(dict.fromkeys(words.values()))
        lines = ["          map:"] if known else []
        lines += [f"            {scalar(value)}: {ours}" for value, ours in known.items()]
        start = "            " if known else "          # map: "
        if unknown and is_shown:
            lines.append(f"{start}# <- put one of these behind each value: {choices}")
            lines += [f"            # {scalar(one_line(value))}:" for value in unknown]
        elif unknown:
            share = f"{len(unknown)} of {len(column.counts)} values are"
            lines.append(f"{start}# <- {share} none of ours yet; ours: {choices}")
        return lines

    def _vocabulary(self, name: str) -> dict[str, str]:
        """What others call our words for a field, to our word."""
        column = self.best.entity.columns[name]
        if column.type == "bool":
            yes = dict.fromkeys((*_YES, *_YES_ELSEWHERE), "true")
            return yes | dict.fromkeys((*_NO, *_NO_ELSEWHERE), "false")
        own = _VOCABULARIES.get(f"{self.best.entity.name}.{name}", _VOCABULARIES.get(name))
        if own is None and re.fullmatch(r"\w+(, \w+)+", column.note):
            own = {word: word.replace("_", " ") for word in column.note.split(", ")}
        if own is None:
            return {}
        return {phrase.strip(): ours for ours, listed in own.items() for phrase in listed.split(",")}

    def _unused(self) -> list[str]:
        matched = [match.column for match in self.best.matches.values()]
        used = {label for column in matched for label in (column.label, *column.parts)}
        left = [column for column in self.columns if column.label not in used and not column.parts]
        if not left:
            return []
        lines = [
            "",
            "# Columns not used: share filled, distinct values, shape of a value (letters x, digits 9)",
        ]
        width = min(34, max(len(one_line(c.label, 34)) for c in left))
        for column in left[:_SHOWN_UNUSED]:
            share = _percent(column.filled_share) if column.n_records else "-"
            name, n = one_line(column.label, 34), len(column.counts)
            lines.append(f"#   {name:<{width}} {share:>5} {n:>7,}  {_trivial(column)}")
        if len(left) > _SHOWN_UNUSED:
            lines.append(f"#   and {len(left) - _SHOWN_UNUSED} more")
        return lines


def _trivial(column: _Column) -> str:
    """Yes-or-no values as they are, everything else as a shape."""
    if not column.counts:
        return ""
    if {v.casefold() for v in column.counts} <= {*_YES, *_NO}:
        return " / ".join(sorted(column.counts))
    return _shape(column.counts.most_common(1)[0][0])


def _recognised(value: str, words: dict[str, str], *, by_first_word: bool) -> str:
    """Our word for a value, or nothing. The first word may tell enough: "Closed with explanation"."""
    phrase = " ".join(_words(value)) or value.casefold()
    if len(value) > _MAX_VALUE:
        return ""
    first = words.get(phrase.split(" ")[0], "")
    return words.get(phrase) or (first if by_first_word and first == "closed" else "")


def _double(text: str) -> str:
    quoted: str = yaml.safe_dump(text, default_style='"', allow_unicode=True, width=1_000_000)
    return quoted.rstrip("\n")


def _folded(head_text: str, body: str, indent: str) -> list[str]:
    return textwrap.wrap(head_text + body, width=_WIDTH, subsequent_indent=indent, break_on_hyphens=False)
