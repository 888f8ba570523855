"""Amazon Connect's export against the documented samples and fields, and its quirks."""

import json
import re
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from seeds.simulator.centre.world import CANARY_NAME, CANARY_TEXT
from seeds.simulator.exports.amazon_connect import REVIEW, VENDOR
from seeds.simulator.exports.kit import Delivery
from tests.conftest import REAL_DATA, need
from tests.integration.simulator.exports import schema

SAMPLES = REAL_DATA / "amazon-connect-doc-samples"
MAPS = frozenset({".Categories.MatchedDetails"})
RECORD = schema.words("""AWSAccountId AWSContactTraceRecordFormatVersion Agent AgentConnectionAttempts
    AnsweringMachineDetectionStatus Attributes Campaign Channel ConnectedToSystemTimestamp ContactDetails ContactId
    CustomerEndpoint DisconnectReason DisconnectTimestamp InitialContactId InitiationMethod InitiationTimestamp
    InstanceARN LastUpdateTimestamp MediaStreams NextContactId PreviousContactId Queue Recording Recordings References
    RelatedContactId ScheduledTimestamp SystemEndpoint TransferCompletedTimestamp TransferredToEndpoint
    VoiceIdResult""")
AGENT = schema.words("""ARN AfterContactWorkDuration AfterContactWorkEndTimestamp AfterContactWorkStartTimestamp
    AgentInteractionDuration ConnectedToAgentTimestamp CustomerHoldDuration HierarchyGroups LongestHoldDuration
    NumberOfHolds RoutingProfile Username stateTransitions""")
QUEUE = ["ARN", "DequeueTimestamp", "Duration", "EnqueueTimestamp", "Name"]
RECORDINGS = schema.words("""DeletionReason FragmentStartNumber FragmentStopNumber Location MediaStreamType ParticipantType
    StartTimestamp Status StopTimestamp StorageType""")
AGENT_EVENT = schema.words("""AWSAccountId AgentARN CurrentAgentSnapshot EventId EventTimestamp EventType InstanceARN
    PreviousAgentSnapshot Version""")
CONFIGURATION = ["AgentHierarchyGroups", "FirstName", "LastName", "RoutingProfile", "Username"]
CONTACT = schema.words("""ContactId InitialContactId Channel InitiationMethod State StateStartTimestamp ConnectedToAgentTimestamp
    QueueTimestamp Queue""")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
STAMP_MS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Delivery:
    return schema.exported(VENDOR, tmp_path_factory.mktemp("amazon_connect"))


@pytest.fixture(scope="module")
def folder(delivery: Delivery) -> Path:
    return delivery.folder / "amazon_connect"


@pytest.fixture(scope="module")
def records(folder: Path) -> list[dict[str, Any]]:
    return schema.lines(folder.glob("contact-records/*/*/*/records.jsonl"))


@pytest.fixture(scope="module")
def newest(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["ContactId"]: one for one in sorted(records, key=lambda one: one["LastUpdateTimestamp"])}


def one(delivery: Delivery, query: str) -> Any:
    return delivery.connection.execute(query).fetchall()[0][0]


def sample(name: str) -> Any:
    need(SAMPLES.is_dir(), f"no vendor samples in {REAL_DATA} (set FAULTLINE_REAL_DATA)")
    return json.loads((SAMPLES / name).read_text())


def analyses(folder: Path, where: str) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob(f"Analysis/{where}/2*/*/*/*.json"))]


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("contact-lens-example-output-files_1.repaired.json", "Voice"),
        ("contact-lens-example-output-files_2.repaired.json", "Voice/Redacted"),
        ("contact-lens-example-output-files-chat_1.json", "Chat"),
        ("contact-lens-example-output-files-chat_2.json", "Chat/Redacted"),
    ],
)
def test_an_analysis_has_all_keys_of_the_sample(folder: Path, name: str, where: str) -> None:
    wanted = schema.kinds(sample(name), MAPS)
    ours: schema.Kinds = defaultdict(set)
    for analysis in analyses(folder, where):
        for path, types in schema.kinds(analysis, MAPS).items():
            ours[path] |= types
    assert schema.missing_kinds(wanted, ours) == []


@pytest.mark.real_data
def test_an_evaluation_has_all_keys_of_the_sample(folder: Path) -> None:
    ours = schema.kinds([json.loads(path.read_text()) for path in folder.glob("Evaluations/**/*.json")])
    wanted = schema.kinds([sample("evaluationforms-example-output-file_1.json")])
    assert schema.missing_kinds(wanted, ours) == []


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "part"), [("contact-events_1.json", "detail"), ("contact-events_2.repaired.json", None)]
)
def test_a_contact_event_has_all_keys_of_the_samples(folder: Path, name: str, part: str | None) -> None:
    """The two samples spell `agentInfo` differently, so case is left aside."""
    events = schema.lines(folder.glob("contact-events/*/*/*/*.jsonl"))
    ours = schema.kinds([event[part] for event in events] if part else events)
    wanted = {path.lower(): types for path, types in schema.kinds([sample(name)]).items()}
    assert schema.missing_kinds(wanted, {path.lower(): types for path, types in ours.items()}) == []


def test_a_record_has_every_documented_field(records: list[dict[str, Any]]) -> None:
    assert all(sorted(record) == sorted(RECORD) for record in records)
    assert all(sorted(record["Queue"]) == QUEUE for record in records)
    agents = [record["Agent"] for record in records if record["Agent"]]
    assert all(sorted(agent) == sorted(AGENT) for agent in agents)
    assert list(agents[0]["HierarchyGroups"]) == [f"Level{level}" for level in range(1, 6)]
    recordings = [each for record in records for each in record["Recordings"] or []]
    assert all(sorted(each) == RECORDINGS for each in recordings)
    assert {record["Channel"] for record in records} == {"VOICE", "CHAT", "TASK"}


def test_times_are_utc_seconds_and_durations_whole_seconds(records: list[dict[str, Any]]) -> None:
    for record in records:
        stamps = [value for key, value in record.items() if key.endswith("Timestamp") and value]
        stamps += [value for key, value in record["Queue"].items() if key.endswith("Timestamp")]
        assert all(STAMP.fullmatch(value) for value in stamps)
        assert isinstance(record["Queue"]["Duration"], int)
        if record["Agent"]:
            assert all(
                isinstance(value, int) for key, value in record["Agent"].items() if key.endswith("Duration")
            )
        assert all(isinstance(value, str) for value in record["Attributes"].values())


def test_every_leg_is_a_record_chained_to_its_neighbours(
    delivery: Delivery, newest: dict[str, dict[str, Any]]
) -> None:
    assert len(newest) == one(delivery, "SELECT count(*) FROM legs")
    legs = delivery.connection.execute(
        "SELECT contact_id, count(*) FROM legs GROUP BY contact_id HAVING count(*) > 1 ORDER BY contact_id"
    ).fetchall()
    assert legs
    for contact_id, n_legs in legs:
        record = newest[contact_id]
        assert record["PreviousContactId"] is None
        assert record["InitiationMethod"] != "TRANSFER"
        for _ in range(n_legs - 1):
            following = newest[record["NextContactId"]]
            assert following["PreviousContactId"] == record["ContactId"]
            assert following["InitialContactId"] == contact_id
            assert following["InitiationMethod"] == "TRANSFER"
            assert following["InitiationTimestamp"] >= record["DisconnectTimestamp"]
            record = following
        assert record["NextContactId"] is None


def test_how_contacts_begin(delivery: Delivery, newest: dict[str, dict[str, Any]]) -> None:
    begun = Counter(
        (record["Channel"], record["InitiationMethod"])
        for record in newest.values()
        if not record["PreviousContactId"]
    )
    counted = "SELECT count(*) FROM contacts WHERE "
    assert begun == {
        ("VOICE", "INBOUND"): one(delivery, counted + "channel = 'voice' AND direction = 'inbound'"),
        ("VOICE", "OUTBOUND"): one(delivery, counted + "direction = 'outbound'"),
        ("CHAT", "API"): one(delivery, counted + "channel = 'chat'"),
        ("TASK", "API"): one(delivery, counted + "channel IN ('email', 'web')"),
    }


def test_an_abandoned_contact_has_a_queue_and_no_agent(
    delivery: Delivery, newest: dict[str, dict[str, Any]]
) -> None:
    ids = delivery.connection.execute(
        "SELECT contact_id FROM contacts WHERE is_abandoned AND n_legs = 1"
    ).fetchall()
    assert ids
    for (contact_id,) in ids:
        record = newest[contact_id]
        assert record["Agent"] is None
        assert record["Queue"]["EnqueueTimestamp"]


def test_some_records_come_again_with_a_changed_attribute(
    delivery: Delivery, records: list[dict[str, Any]], newest: dict[str, dict[str, Any]]
) -> None:
    copies = defaultdict(list)
    for record in sorted(records, key=lambda one: one["LastUpdateTimestamp"]):
        copies[record["ContactId"]].append(record)
    repeated = [pair for pair in copies.values() if len(pair) > 1]
    assert 0.005 < len(repeated) / len(copies) < 0.03
    for first, second in repeated:
        assert first["LastUpdateTimestamp"][:10] < second["LastUpdateTimestamp"][:10]
        assert first["Attributes"].pop("disposition") == REVIEW
        disposition = second["Attributes"].pop("disposition", None)
        assert disposition != REVIEW
        assert {**first, "LastUpdateTimestamp": ""} == {**second, "LastUpdateTimestamp": ""}
        if disposition:
            second["Attributes"]["disposition"] = disposition
    n_by_kind = Counter(
        record["Attributes"].get("disposition") for record in newest.values() if not record["NextContactId"]
    )
    assert n_by_kind == dict(
        delivery.connection.execute("SELECT disposition, count(*) FROM contacts GROUP BY ALL").fetchall()
    )


def test_a_record_lies_in_the_file_of_its_day(folder: Path) -> None:
    for path in folder.glob("contact-records/*/*/*/records.jsonl"):
        day = "-".join(path.parts[-4:-1])
        assert {record["LastUpdateTimestamp"][:10] for record in schema.lines([path])} == {day}


def test_contact_events_are_best_effort(delivery: Delivery, folder: Path) -> None:
    events = [event["detail"] for event in schema.lines(folder.glob("contact-events/*/*/*/*.jsonl"))]
    legs, answered = delivery.connection.execute("SELECT count(*), count(answered_at) FROM legs").fetchall()[
        0
    ]
    kinds = Counter(event["eventType"] for event in events)
    assert set(kinds) == {"INITIATED", "CONNECTED_TO_SYSTEM", "QUEUED", "CONNECTED_TO_AGENT", "DISCONNECTED"}
    expected = 3 * legs + answered
    got = sum(number for kind, number in kinds.items() if kind != "CONNECTED_TO_SYSTEM")
    assert 0.001 < 1 - got / expected < 0.015
    assert all(STAMP_MS.fullmatch(event["initiationTimestamp"]) for event in events)


def test_agent_events_carry_whole_snapshots_that_follow_each_other(folder: Path) -> None:
    events = schema.lines(folder.glob("agent-events/*/*/*/*.jsonl"))
    assert {event["EventType"] for event in events} == {"LOGIN", "LOGOUT", "STATE_CHANGE", "HEART_BEAT"}
    before: dict[str, Any] = {}
    states = set()
    for event in events:
        assert sorted(event) == sorted(AGENT_EVENT)
        assert STAMP_MS.fullmatch(event["EventTimestamp"])
        snapshot = event["CurrentAgentSnapshot"]
        assert list(snapshot) == ["AgentStatus", "NextAgentStatus", "Configuration", "Contacts"]
        assert list(snapshot["Configuration"]) == CONFIGURATION
        for contact in snapshot["Contacts"]:
            assert list(contact) == CONTACT
            states.add(contact["State"])
        if event["AgentARN"] in before:
            assert event["PreviousAgentSnapshot"] == before[event["AgentARN"]]
        before[event["AgentARN"]] = snapshot
    assert states == {"CONNECTED", "CONNECTED_ONHOLD", "ENDED"}


def test_every_scored_contact_has_an_analysis_and_a_redacted_one(delivery: Delivery, folder: Path) -> None:
    scored = {row[0] for row in delivery.connection.execute("SELECT contact_id FROM sentiment").fetchall()}
    for channel in ("Voice", "Chat"):
        raw = {path.name.split("_analysis_")[0] for path in folder.glob(f"Analysis/{channel}/2*/*/*/*.json")}
        redacted = folder.glob(f"Analysis/{channel}/Redacted/*/*/*/*.json")
        assert {path.name.split("_analysis_redacted_")[0] for path in redacted} == raw
        scored -= raw
    assert scored == set()


def test_an_analysis_is_in_milliseconds_and_redaction_takes_names(delivery: Delivery, folder: Path) -> None:
    path = next(folder.glob("Analysis/Voice/2*/*/*/*.json"))
    contact_id = path.name.split("_")[0]
    analysis = json.loads(path.read_text())
    seconds, score = delivery.connection.execute(
        "SELECT date_diff('second', min(l.answered_at), max(l.ended_at)), any_value(s.score) "
        "FROM legs AS l JOIN sentiment AS s USING (contact_id) WHERE contact_id = ?",
        [contact_id],
    ).fetchall()[0]
    characteristics = analysis["ConversationCharacteristics"]
    assert characteristics["TotalConversationDurationMillis"] == seconds * 1000
    assert characteristics["Sentiment"]["OverallSentiment"]["CUSTOMER"] == score
    assert any(CANARY_NAME in path.read_text() for path in folder.glob("Analysis/Voice/2*/*/*/*.json"))
    redacted = [path.read_text() for path in folder.glob("Analysis/*/Redacted/*/*/*/*.json")]
    assert not any(CANARY_NAME in text for text in redacted)
    assert all(CANARY_TEXT in text for text in redacted)


def test_an_evaluation_is_written_twice(delivery: Delivery, folder: Path) -> None:
    new = {path.name.split("Z-", 1)[1]: path.read_text() for path in folder.glob("Evaluations/2*/*/*/*.json")}
    old = list(folder.glob("Evaluations/contact_*/evaluation_*/*.json"))
    assert len(new) == len(old) == one(delivery, "SELECT count(*) FROM evaluations")
    for path in old:
        assert new[path.parent.name.removeprefix("evaluation_") + ".json"] == path.read_text()
        evaluation = json.loads(path.read_text())
        assert path.parent.parent.name == f"contact_{evaluation['metadata']['contactId']}"
        scored = [each for each in evaluation["questions"] if "percentage" in each["score"]]
        assert len(scored) == one(
            delivery,
            f"SELECT count(*) FROM evaluation_items WHERE evaluation_id = '{evaluation['evaluationId']}'",
        )


def test_at_scale_only_records_remain(tmp_path: Path) -> None:
    delivery = schema.exported(VENDOR, tmp_path, is_bulk=True)
    assert list(delivery.files) == ["amazon_connect/contact-records/%Y/%m/%d/records.jsonl"]


def test_a_leg_nobody_answered_is_followed_by_a_queue_transfer_and_a_run_repeats_itself(
    tmp_path: Path, delivery: Delivery
) -> None:
    again = Delivery(delivery.connection, tmp_path, "acme", schema.LAST_DAY)
    VENDOR.export(again)
    assert schema.contents(tmp_path) == schema.contents(delivery.folder)
    delivery.connection.execute(
        "CREATE TEMP TABLE legs AS SELECT * REPLACE (if(leg_seq = 1, NULL, answered_at) AS answered_at) FROM legs"
    )
    again = Delivery(delivery.connection, tmp_path / "moved", "acme", schema.LAST_DAY, is_bulk=True)
    VENDOR.export(again)
    delivery.connection.execute("DROP TABLE temp.legs")
    moved = schema.lines(again.folder.rglob("records.jsonl"))
    assert {one["InitiationMethod"] for one in moved if one["PreviousContactId"]} == {
        "QUEUE_TRANSFER",
        "TRANSFER",
    }


def test_nothing_is_delivered_twice_after_the_last_day(tmp_path: Path, delivery: Delivery) -> None:
    early = schema.LAST_DAY - timedelta(days=12)
    VENDOR.export(Delivery(delivery.connection, tmp_path, "acme", early, is_bulk=True))
    records = schema.lines(tmp_path.rglob("records.jsonl"))
    counted = Counter(record["ContactId"] for record in records)
    late = [one for one in records if date.fromisoformat(one["LastUpdateTimestamp"][:10]) > early]
    assert all(counted[record["ContactId"]] == 1 for record in late)
