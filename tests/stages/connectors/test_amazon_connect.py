"""Traps of Amazon Connect's exports: each lands as what it means, and no text or name lands at all."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from orchestration.sources.connectors import bundle
from tests.stages.place import Place
from tests.structure.reading import DBT

CONNECT = "amazon_connect"
INSTANCE = "arn:aws:connect:eu-central-1:999900001111:instance/i"
CANARY = "canaryUnseen"


def record(identity: str = "c-1", **fields: Any) -> dict[str, Any]:
    """A contact record as the documented model has it."""
    return {
        "AWSAccountId": "999900001111",
        "Agent": {
            "ARN": f"{INSTANCE}/agent/a-1",
            "AfterContactWorkDuration": 12,
            "AgentInteractionDuration": 300,
            "ConnectedToAgentTimestamp": "2025-08-11T05:37:00Z",
            "CustomerHoldDuration": 20,
            "NumberOfHolds": 1,
            "Username": f"{CANARY}@example.org",
        },
        "Attributes": {"customer_id": "K-1", "case_id": "case-1", "reason": "billing"},
        "Channel": "VOICE",
        "ContactId": identity,
        "CustomerEndpoint": {"Address": "+4930123456", "Type": "TELEPHONE_NUMBER"},
        "DisconnectTimestamp": "2025-08-11T05:42:00Z",
        "InitialContactId": None,
        "InitiationMethod": "INBOUND",
        "InitiationTimestamp": "2025-08-11T05:36:12Z",
        "LastUpdateTimestamp": "2025-08-11T05:43:00Z",
        "NextContactId": None,
        "PreviousContactId": None,
        "Queue": {"ARN": f"{INSTANCE}/queue/q-1", "Duration": 48, "EnqueueTimestamp": "2025-08-11T05:36:12Z"},
        **fields,
    }


def lines(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(one) + "\n" for one in records)


def land(place: Place, file_set: str, content: str, name: str = "") -> Any:
    place.put(name or f"{file_set}.json", content)
    return place.vendor(CONNECT, file_set, **({file_set: {"glob": f"**/{name}"}} if name else {})).land_one()


def test_every_stream_of_the_export_has_a_table() -> None:
    connector = bundle.load(CONNECT)
    assert {file_set: list(known["feeds"]) for file_set, known in connector.file_sets.items()} == {
        "contact_records": ["contact_records"],
        "contact_events": ["contact_events"],
        "agent_events": ["agent_events", "agent_event_contacts"],
        "analyses": ["analyses"],
        "evaluations": ["evaluations", "evaluation_items"],
        "case_events": ["case_events"],
    }


def test_records_are_flat_in_seconds_and_utc(place: Place) -> None:
    land(place, "contact_records", lines(record()))
    names = (
        "contact_id", "channel", "initiated_at", "connected_to_agent_at", "queue_id", "queue_seconds",
        "agent_id", "agent_interaction_seconds", "customer_hold_seconds", "after_contact_work_seconds",
        "case_id", "reason_entry", "customer_endpoint_status",
    )  # fmt: skip
    assert place.rows(*names, entity="contact_records") == [
        (
            "c-1", "VOICE", datetime(2025, 8, 11, 5, 36, 12), datetime(2025, 8, 11, 5, 37), "q-1", 48.0,
            "a-1", 300.0, 20.0, 12.0, "case-1", "billing", "valid",
        )
    ]  # fmt: skip


def test_every_version_of_a_record_lands_with_the_time_it_was_written(place: Place) -> None:
    """Records come at least once; staging keeps the newest version, whenever it was delivered."""
    older = record(LastUpdateTimestamp="2025-08-11T05:40:00Z")
    land(place, "contact_records", lines(record(), older, record()))
    assert sorted(place.rows("updated_at", entity="contact_records")) == [
        datetime(2025, 8, 11, 5, 40), datetime(2025, 8, 11, 5, 43), datetime(2025, 8, 11, 5, 43),
    ]  # fmt: skip
    assert bundle.load(CONNECT).tables["contact_records"].version_at == ("updated_at",)


def test_an_abandoned_contact_has_no_agent(place: Place) -> None:
    land(place, "contact_records", lines(record(Agent=None, DisconnectReason="CUSTOMER_DISCONNECT")))
    assert place.rows("agent_id", "connected_to_agent_at", "queue_id", entity="contact_records") == [
        (None, None, "q-1")
    ]


def test_it_lands_when_and_by_what_a_call_to_a_customer_was_picked_up(place: Place) -> None:
    """Otherwise a call that an answering machine took, or nobody, would count as answered."""
    called = record(
        InitiationMethod="OUTBOUND",
        ConnectedToSystemTimestamp="2025-08-11T05:36:40Z",
        AnsweringMachineDetectionStatus="voicemail_beep",
    )
    land(place, "contact_records", lines(called, record("c-2", InitiationMethod="OUTBOUND")))
    names = ("contact_id", "connected_to_system_at", "answering_machine_status")
    assert sorted(place.rows(*names, entity="contact_records")) == [
        ("c-1", datetime(2025, 8, 11, 5, 36, 40), "VOICEMAIL_BEEP"),
        ("c-2", None, None),
    ]


def test_what_begins_no_contact_is_not_counted_as_one(place: Place) -> None:
    """The registry of initiations in dbt says the same of each method."""
    macro = (DBT / "macros" / "vendors" / "amazon_connect.sql").read_text(encoding="utf-8")
    roles = dict(re.findall(r'"([A-Z_]+)": \{\s*"role": "(\w+)"', macro))
    assert {"INBOUND", "MONITOR", "EXTERNAL_OUTBOUND", "WEBRTC_API", "FLOW"} <= roles.keys()
    feeds = bundle.load(CONNECT).tables["contact_records"].feeds
    left_out = {entity: set(re.findall(r"'([A-Z_]+)'", where)) for entity, where in feeds.items()}
    assert left_out == {
        "contacts": {method for method, role in roles.items() if role != "contact"},
        "legs": {method for method, role in roles.items() if role in ("third_party", "observer")},
    }


def test_an_address_is_an_attribute_or_the_customers_end(place: Place) -> None:
    """And where it is the end, it is no number."""
    written = record("c-1", CustomerEndpoint={"Address": "Me@example.org", "Type": "EMAIL_ADDRESS"})
    with_address = record("c-2", Attributes={"customer_email": "me@example.org"})
    land(place, "contact_records", lines(written, with_address, record("c-3")))
    rows = place.rows("customer_email", "customer_endpoint_status", entity="contact_records")
    assert [status for _, status in rows] == [None, "valid", "valid"]
    (first, _), (second, _), (third, _) = rows
    assert first == second is not None
    assert third is None


def test_streams_without_line_ends_are_read(place: Place) -> None:
    """Batches of a stream are often joined without a separator."""
    delivery = land(place, "contact_records", json.dumps(record("c-1")) + json.dumps(record("c-2")))
    assert (delivery.status, delivery.n_read) == ("landed", 2)
    assert sorted(place.rows("contact_id", entity="contact_records")) == ["c-1", "c-2"]


def test_unknown_new_fields_are_reported_and_cost_nothing(place: Place) -> None:
    new = record(QualityMetrics={"score": 1}) | {"Agent": record()["Agent"] | {"Brandnew": [1]}}
    delivery = land(place, "contact_records", lines(new))
    assert (delivery.status, delivery.columns_extra, delivery.columns_missing) == (
        "landed", ("QualityMetrics",), (),
    )  # fmt: skip


def test_a_record_of_another_shape_is_quarantined_alone(place: Place) -> None:
    delivery = land(place, "contact_records", lines(record("c-1"), record("c-2", Queue="q-1"), record("c-3")))
    assert sorted(place.rows("contact_id", entity="contact_records")) == ["c-1", "c-3"]
    assert [(line, reason) for line, _, reason, _ in place.faults()] == [
        (2, "a value is of another kind than this export has there")
    ]
    assert delivery.n_read == 3


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("ContactId", "column 'ContactId' is missing, which contact_records.contact_id needs"),
        ("InitiationTimestamp", "column 'InitiationTimestamp' is missing"),
    ],
)
def test_a_file_without_a_needed_key_is_refused(place: Place, key: str, reason: str) -> None:
    whole = record()
    place.put("contact_records.json", lines({name: value for name, value in whole.items() if name != key}))
    assert place.vendor(CONNECT, "contact_records").refused().startswith(reason)


def test_events_are_read_with_and_without_their_envelope(place: Place) -> None:
    bare = {
        "contactId": "c-1",
        "channel": "VOICE",
        "eventType": "CONNECTED_TO_AGENT",
        "initiationMethod": "INBOUND",
        "initiationTimestamp": "2021-08-04T17:17:53.000Z",
        "agentInfo": {
            "agentArn": f"{INSTANCE}/agent/a-1",
            "connectedToAgentTimestamp": "2021-08-04T17:29:09.000Z",
        },
        "queueInfo": {"queueArn": f"{INSTANCE}/queue/q-1", "enqueueTimestamp": "2021-08-04T17:29:04.000Z"},
    }
    enveloped = {
        "version": "0",
        "id": "e-1",
        "time": "2021-08-04T17:43:48Z",
        "detail": {**bare, "contactId": "c-2"},
    }
    land(place, "contact_events", lines(bare, enveloped))
    names = ("contact_id", "event_at", "agent_id", "queue_id")
    assert sorted(place.rows(*names, entity="contact_events")) == [
        ("c-1", datetime(2021, 8, 4, 17, 29, 9), "a-1", "q-1"),
        ("c-2", datetime(2021, 8, 4, 17, 43, 48), "a-1", "q-1"),
    ]


VOICE = {
    "Channel": "VOICE",
    "ContentMetadata": {"Output": "Raw"},
    "ConversationCharacteristics": {
        "TotalConversationDurationMillis": 32_110,
        "Sentiment": {"OverallSentiment": {"AGENT": 0, "CUSTOMER": 3.1}},
    },
    "Transcript": [{"BeginOffsetMillis": 0, "Content": f"{CANARY} says hello", "Id": "t-1"}],
}
CHAT = {
    "Channel": "CHAT",
    "ContentMetadata": {"Output": "Redacted"},
    "ConversationCharacteristics": {
        "Sentiment": {"OverallSentiment": {"DetailsByParticipantRole": {"AGENT": 1.2, "CUSTOMER": -2}}}
    },
    "CustomerMetadata": {"ContactId": "c-2"},
    "Transcript": [{"AbsoluteTime": "2022-10-27T03:31:50.735Z", "Content": "[PII]", "Id": "t-1"}],
}


def test_analyses_of_voice_and_chat(place: Place) -> None:
    """The voice file does not say which contact it is about; its name does."""
    contact = "1" * 8 + "-1111-1111-1111-" + "1" * 12
    place.put(f"analyses/{contact}_analysis_2025-08-04T11:32:58Z.json", json.dumps(VOICE, indent=2))
    place.put("analyses/c-2_analysis_redacted_2025-08-04T11:33:58Z.json", json.dumps(CHAT))
    place.vendor(CONNECT, "analyses", analyses={"glob": "analyses/*.json"}).land()
    names = (
        "contact_id", "is_redacted", "customer_sentiment", "conversation_milliseconds", "n_words",
        "analysed_at", "started_at",
    )  # fmt: skip
    assert sorted(place.rows(*names, entity="analyses")) == [
        (contact, False, 3.1, 32_110, 3, datetime(2025, 8, 4, 11, 32, 58), None),
        ("c-2", True, -2.0, None, 1, datetime(2025, 8, 4, 11, 33, 58), datetime(2022, 10, 27, 3, 31, 50, 735000)),
    ]  # fmt: skip


EVALUATION = {
    "evaluationId": "e-1",
    "metadata": {
        "contactId": "c-1",
        "agentId": "a-1",
        "evaluator": "reviewer",
        "evaluationSubmitTimestamp": "2022-11-14T17:59:29.052Z",
        "score": {"percentage": 87.5},
    },
    "questions": [
        {
            "questionRefId": "q-1",
            "answer": {"value": CANARY, "metadata": {"notApplicable": False}},
            "score": {"percentage": 100},
        },
        {"questionRefId": "q-2", "score": {"notApplicable": True}},
    ],
}


def test_an_evaluation_is_written_twice_and_has_one_key(place: Place) -> None:
    place.put("Evaluations/2022/11/14/17:59:29.052Z-e-1.json", json.dumps(EVALUATION))
    place.put("Evaluations/contact_c-1/evaluation_e-1/17:59:29.052Z.json", json.dumps(EVALUATION))
    place.vendor(CONNECT, "evaluations", evaluations={"glob": "Evaluations/**/*.json"}).land()
    assert place.rows("evaluation_id", "score_percentage", entity="evaluations") == [("e-1", 87.5)] * 2
    items = place.rows("item_id", "is_not_applicable", "score_percentage", entity="evaluation_items")
    assert sorted(items) == sorted([("q-1", False, 100.0), ("q-2", True, None)] * 2)
    assert bundle.load(CONNECT).tables["evaluations"].key == ("evaluation_id",)


def test_contacts_of_an_agent_event_are_rows_of_their_own(place: Place) -> None:
    event = {
        "AgentARN": f"{INSTANCE}/agent/a-1",
        "EventId": "e-1",
        "EventTimestamp": "2019-05-25T18:55:21.011Z",
        "EventType": "STATE_CHANGE",
        "CurrentAgentSnapshot": {
            "AgentStatus": {"Name": "Available"},
            "Contacts": [{"ContactId": "c-1", "State": "MISSED"}, {"ContactId": "c-2", "State": "CONNECTED"}],
        },
    }
    quiet = event | {"EventId": "e-2", "CurrentAgentSnapshot": {"Contacts": []}}
    land(place, "agent_events", lines(event, quiet, event | {"EventId": "e-3", "CurrentAgentSnapshot": None}))
    assert place.rows("event_id", entity="agent_events") == ["e-1", "e-2", "e-3"]
    assert place.rows("event_id", "contact_id", "state", entity="agent_event_contacts") == [
        ("e-1", "c-1", "MISSED"), ("e-1", "c-2", "CONNECTED"),
    ]  # fmt: skip


def test_no_name_text_or_number_lands(place: Place) -> None:
    place.put("contact_records.json", lines(record(Attributes={"customer_id": CANARY})))
    place.put("analyses/x.json", json.dumps(VOICE))
    place.put("evaluations.json", json.dumps(EVALUATION))
    sets = ("contact_records", "analyses", "evaluations")
    place.vendor(CONNECT, *sets, analyses={"glob": "analyses/*.json"}).land()
    written = place.written()
    assert CANARY.encode() not in written
    assert b"4930123456" not in written


def case_event(kind: str = "CASE.UPDATED", **detail: Any) -> dict[str, Any]:
    """An event of a case or of an item related to one, as the documented stream has it."""
    return {
        "version": "0",
        "id": "e-1",
        "detail-type": "Amazon Connect Cases Event",
        "time": "2025-08-11T06:00:00Z",
        "detail": {"eventType": kind, "approximateChangeTime": "2025-08-11T05:36:12.893Z", **detail},
    }


def test_case_events_hold_the_case_after_the_change_or_an_item_of_it(place: Place) -> None:
    fields = {
        "status": {"value": {"stringValue": "open"}},
        "title": {"value": {"stringValue": CANARY}},
        "customer_id": {"value": {"stringValue": f"{INSTANCE}/profiles/{CANARY}"}},
        "assigned_queue": {"value": {"stringValue": f"{INSTANCE}/queue/q-1"}},
        "assigned_user": {"value": {"userArnValue": f"{INSTANCE}/agent/a-1"}},
        "custom-1": {"value": {"stringValue": "urgent"}},
    }
    case = {"caseId": "k-1", "createdDateTime": "2025-08-11T05:00:00.000Z", "fields": fields}
    item = {"relatedItemType": "Contact", "relatedItemId": "i-1", "caseId": "k-1"}
    place.put(
        "case_events.jsonl",
        lines(
            case_event(case=case),
            case_event(
                "RELATED_ITEM.CREATED",
                relatedItem=item | {"contact": {"contactArn": f"{INSTANCE}/contact/c-1"}},
            ),
            case_event("RELATED_ITEM.CREATED", relatedItem=item | {"comment": {"body": CANARY}}),
            case_event("CASE.DELETED", case={"caseId": "k-1"}),
        ),
    )
    own = {"priority": 'detail."case".fields."custom-1".value.stringValue'}
    landed = place.vendor(CONNECT, "case_events", case_events={"feeds": {"case_events": own}}).land_one()
    assert (landed.columns_extra, place.faults()) == ((), [])
    names = ("case_id", "event_type", "status", "group_id", "owner_id", "priority", "item_type", "contact_id")
    assert place.rows(*names, entity="case_events") == [
        ("k-1", "CASE.UPDATED", "open", "q-1", "a-1", "urgent", None, None),
        ("k-1", "RELATED_ITEM.CREATED", None, None, None, None, "CONTACT", "c-1"),
        ("k-1", "RELATED_ITEM.CREATED", None, None, None, None, "CONTACT", None),
        ("k-1", "CASE.DELETED", None, None, None, None, None, None),
    ]
    assert place.rows("changed_at", entity="case_events")[0] == datetime(2025, 8, 11, 5, 36, 12, 893000)
    assert CANARY.encode() not in place.written()


@pytest.mark.parametrize("reason", [None, "OTHER", "A_NEW_ONE"])
def test_why_a_contact_ended_may_be_anything_or_nothing(place: Place, reason: str | None) -> None:
    """The vendor warns that the reason can be wrong; it is kept as it is, and its absence is no reason."""
    land(place, "contact_records", lines(record(DisconnectReason=reason)))
    assert place.rows("disconnect_reason", entity="contact_records") == [reason]
    assert place.faults() == []


def test_an_attribute_changed_two_years_later_is_another_version(place: Place) -> None:
    first = record(Attributes={"case_id": "case-1"}, LastUpdateTimestamp="2023-08-11T05:43:00Z")
    later = record(Attributes={"case_id": "case-2"}, LastUpdateTimestamp="2025-08-01T05:43:00Z")
    place.put("contact_records.1.jsonl", lines(later))
    place.put("contact_records.2.jsonl", lines(first))
    place.vendor(CONNECT, "contact_records").land()
    assert sorted(place.rows("updated_at", "case_id", entity="contact_records")) == [
        (datetime(2023, 8, 11, 5, 43), "case-1"), (datetime(2025, 8, 1, 5, 43), "case-2"),
    ]  # fmt: skip


@pytest.mark.real_data
def test_the_vendors_samples_land_whole(place: Place, real_data: Path) -> None:
    """Every sample that parses lands with nothing quarantined."""
    folder = real_data / "amazon-connect-doc-samples"
    samples = {
        "contact_events": ["contact-events_1.json", "contact-events_2.repaired.json"],
        "analyses": [
            "contact-lens-example-output-files-chat_1.json",
            "contact-lens-example-output-files-chat_2.json",
            "contact-lens-example-output-files_1.repaired.json",
            "contact-lens-example-output-files_2.repaired.json",
        ],
        "case_events": [
            "case-event-streams-sample_1.repaired.json",
            "case-event-streams-sample_2.repaired.json",
        ],
        "evaluations": ["evaluationforms-example-output-file_1.json"],
    }
    for file_set, names in samples.items():
        for name in names:
            place.put(f"{file_set}/{name}", (folder / name).read_bytes())
    place.vendor(CONNECT, *samples, **{name: {"glob": f"{name}/*"} for name in samples})
    assert all(delivery.is_landed for delivery in place.land().deliveries)
    assert place.faults() == []
    assert len(place.rows("contact_id", entity="contact_events")) == 2
    assert len(place.rows("contact_id", entity="analyses")) == 4
    assert len(place.rows("item_id", entity="evaluation_items")) == 3
