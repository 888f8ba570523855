"""Traps of Genesys Cloud's exports: each lands as what it means, and no text or name lands at all."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from orchestration.sources.connectors import bundle
from tests.stages.place import Place

GENESYS = "genesys_cloud"
CANARY = "canaryUnseen"
DAY = "2025-08-11T"


def guid(number: int) -> str:
    return str(UUID(int=number))


CONVERSATION, QUEUE, USER, CODE = (guid(number) for number in range(1, 5))


def stamp(clock: str) -> str:
    return f"{DAY}{clock}.250Z"


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"{DAY}{clock}.250")


def segment(kind: str, since: str, until: str | None, **fields: Any) -> dict[str, Any]:
    end = {"segmentEnd": stamp(until)} if until else {}
    return {"segmentStart": stamp(since), "segmentType": kind, **end, **fields}


def participant(number: int, purpose: str, *segments: dict[str, Any], **fields: Any) -> dict[str, Any]:
    session = {
        "sessionId": guid(1000 + number),
        "mediaType": "voice",
        "segments": list(segments),
        **fields.pop("session", {}),
    }
    return {"participantId": guid(2000 + number), "purpose": purpose, "sessions": [session], **fields}


def conversation(identity: str = CONVERSATION, **fields: Any) -> dict[str, Any]:
    """A call that waited in a queue, rang at one agent and was taken by another."""
    customer = participant(
        1,
        "customer",
        segment("interact", "05:00:00", "05:06:00", disconnectType="client", conference=False),
        participantName=CANARY,
        attributes={"customer_id": CANARY, "case_id": "case-1", "reason": "billing"},
        session={
            "direction": "inbound",
            "ani": "tel:+4930123456",
            "dnis": "tel:+498000000",
            "remote": CANARY,
        },
    )
    queue = participant(
        2,
        "acd",
        segment("interact", "05:00:10", "05:01:00", queueId=QUEUE, disconnectType="transfer"),
        session={"metrics": [{"name": "tAcd", "value": 50_000, "emitDate": stamp("05:01:00")}]},
    )
    silent = participant(
        3,
        "agent",
        segment("alert", "05:00:20", "05:00:30", queueId=QUEUE, errorCode="error.x"),
        userId=guid(9),
    )
    agent = participant(
        4,
        "agent",
        segment("alert", "05:00:55", "05:01:00", queueId=QUEUE),
        segment("interact", "05:01:00", "05:06:00", queueId=QUEUE, disconnectType="peer"),
        segment("wrapup", "05:06:00", "05:06:30", queueId=QUEUE, wrapUpCode=CODE, wrapUpNote=CANARY),
        userId=USER,
        participantName=CANARY,
        session={
            "destinationAddresses": ["one", "two"],
            "metrics": [
                {"name": "tTalk", "value": 300_000, "emitDate": stamp("05:06:00")},
                {"name": "tAcw", "value": 30_000, "emitDate": stamp("05:06:30")},
            ],
        },
    )
    return {
        "conversationId": identity,
        "conversationStart": stamp("05:00:00"),
        "conversationEnd": stamp("05:06:00"),
        "originatingDirection": "inbound",
        "participants": [customer, queue, silent, agent],
        **fields,
    }


def evaluation(number: int, status: str, **fields: Any) -> dict[str, Any]:
    return {
        "evaluationId": guid(3000 + number),
        "evaluatorId": guid(8),
        "userId": USER,
        "eventTime": stamp("09:00:00"),
        "evaluationStatus": status,
        "oTotalScore": 80.5,
        **fields,
    }


def page(*conversations: dict[str, Any]) -> str:
    return json.dumps({"conversations": list(conversations), "totalHits": len(conversations)})


def land(place: Place, *pages: str) -> Any:
    for number, content in enumerate(pages, 1):
        place.put(f"conversations/page-{number}.json", content)
    landed = place.vendor(GENESYS, "conversations", conversations={"glob": "conversations/*.json"}).land()
    return landed.deliveries[0]


def test_pages_and_lookups_have_their_tables() -> None:
    connector = bundle.load(GENESYS)
    assert {file_set: list(known["feeds"]) for file_set, known in connector.file_sets.items()} == {
        "conversations": [
            "conversations", "participants", "sessions", "segments", "metrics", "evaluations", "surveys",
        ],
        "queues": ["queues"],
        "users": ["users"],
        "wrap_up_codes": ["wrap_up_codes"],
    }  # fmt: skip


def test_a_page_is_taken_apart_to_the_last_segment(place: Place) -> None:
    delivery = land(place, page(conversation(), conversation(guid(5))))
    assert (delivery.status, delivery.n_read, place.faults()) == ("landed", 1, [])
    names = ("conversation_id", "started_at", "ended_at", "known_until_at")
    times = (at("05:00:00"), at("05:06:00"), at("05:06:30"))
    assert place.rows(*names, entity="conversations") == [(CONVERSATION, *times), (guid(5), *times)]
    purposes = place.rows("participant_number", "purpose", entity="participants")
    assert purposes == [(1, "customer"), (2, "acd"), (3, "agent"), (4, "agent")] * 2
    assert place.rows("session_id", entity="sessions")[:4] == [guid(1000 + number) for number in range(1, 5)]
    last = place.rows("session_id", "segment_number", "segment_type", "wrap_up_code", entity="segments")[5]
    assert last == (guid(1004), 3, "wrapup", CODE)
    assert len(place.rows("session_id", entity="segments")) == 12
    assert place.rows("n_destinations", entity="sessions") == [None, None, None, 2] * 2


def test_the_hand_over_of_a_queue_lands_beside_whose_it_is(place: Place) -> None:
    """Queues end with `transfer`, too: only the purpose of its session says what that means."""
    land(place, page(conversation()))
    purposes = dict(place.rows("session_id", "purpose", entity="sessions"))
    ends = place.rows("session_id", "disconnect_type", entity="segments")
    assert [(purposes[session], ended) for session, ended in ends if ended] == [
        ("customer", "client"), ("acd", "transfer"), ("agent", "peer"),
    ]  # fmt: skip


def test_metrics_stay_in_the_vendors_milliseconds(place: Place) -> None:
    land(place, page(conversation()))
    assert place.rows("metric", "value", "metric_number", entity="metrics") == [
        ("tAcd", 50_000.0, 1), ("tTalk", 300_000.0, 1), ("tAcw", 30_000.0, 2),
    ]  # fmt: skip


def test_every_export_of_a_conversation_says_how_far_it_reaches(place: Place) -> None:
    """It is exported while it goes on, when it has ended, and again when somebody evaluates it."""
    ended = conversation()
    going_on = conversation()
    del going_on["conversationEnd"]
    going_on["participants"] = going_on["participants"][:2]
    for one in going_on["participants"]:
        one["sessions"][0]["segments"][-1].pop("segmentEnd")
    evaluated = conversation(evaluations=[evaluation(1, "Finished")])
    land(place, page(ended, going_on, evaluated))
    assert place.rows("ended_at", "known_until_at", entity="conversations") == [
        (at("05:06:00"), at("05:06:30")), (None, at("05:00:10")), (at("05:06:00"), at("09:00:00")),
    ]  # fmt: skip
    tables = bundle.load(GENESYS).tables.values()
    assert {table.version_at for table in tables if table.rows.get("conversation")} == {("known_until_at",)}
    assert {row.count(at("05:00:10")) for row in place.rows("known_until_at", "ended_at", entity="segments")} == {
        0, 1,
    }  # fmt: skip


def test_evaluations_land_with_their_state(place: Place) -> None:
    evaluations = [
        evaluation(1, "Finished", released=True, rescored=True, deleted=False),
        evaluation(2, "Pending", oTotalScore=None, eventTime=None),
        evaluation(3, "Retracted", deleted=True),
    ]
    land(place, page(conversation(evaluations=evaluations)))
    names = ("evaluation_id", "status", "is_rescored", "is_deleted", "score", "evaluated_at")
    assert place.rows(*names, entity="evaluations") == [
        (guid(3001), "finished", True, False, 80.5, at("09:00:00")),
        (guid(3002), "pending", None, None, None, None),
        (guid(3003), "retracted", None, True, 80.5, at("09:00:00")),
    ]


def test_surveys_land_without_what_was_written(place: Place) -> None:
    survey = {
        "surveyId": guid(7),
        "surveyStatus": "Finished",
        "eventTime": stamp("10:00:00"),
        "surveyCompletedDate": stamp("11:00:00"),
        "oSurveyTotalScore": 60,
        "surveyPromoterScore": 4,
    }
    land(place, page(conversation(surveys=[survey])))
    names = ("survey_id", "status", "sent_at", "completed_at", "score", "promoter_score", "known_until_at")
    assert place.rows(*names, entity="surveys") == [
        (guid(7), "finished", at("10:00:00"), at("11:00:00"), 60.0, 4.0, at("11:00:00"))
    ]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("tel:+4930123456", "valid"),
        ("sip:+4930123456@10.0.0.1;user=phone", "valid"),
        ("+4930123456", "valid"),
        ("sip:anonymous@anonymous.invalid", "withheld"),
        ("sip:tablet@10.0.0.1", "non_numeric"),
        (None, None),
    ],
)
def test_addresses_are_numbers_without_their_scheme(
    place: Place, address: str | None, status: str | None
) -> None:
    customer = participant(1, "customer", session={"ani": address})
    land(place, page(conversation(participants=[customer])))
    assert place.rows("ani_status", entity="sessions") == [status]


def test_callbacks_name_the_number_that_is_called_back(place: Place) -> None:
    session = {
        "mediaType": "callback",
        "callbackNumbers": ["+4930123456", "+4930123457"],
        "callbackUserName": CANARY,
        "callbackScheduledTime": stamp("06:00:00"),
    }
    land(place, page(conversation(participants=[participant(1, "customer", session=session)])))
    names = ("media_type", "callback_number_status", "callback_scheduled_at", "ani_status")
    assert place.rows(*names, entity="sessions") == [("callback", "valid", at("06:00:00"), None)]


def test_unknown_new_fields_are_reported_and_cost_nothing(place: Place) -> None:
    new = conversation(brandnew={"deep": [1]})
    new["participants"][0]["sessions"][0]["brandnew"] = True
    content = json.dumps({"conversations": [new], "totalHits": 1, "cursor": "x"})
    delivery = land(place, content)
    assert (delivery.status, delivery.columns_extra, delivery.columns_missing) == ("landed", ("cursor",), ())
    assert place.faults() == []


def test_a_page_of_another_shape_is_quarantined_alone(place: Place) -> None:
    broken = conversation(guid(6), participants="none")
    land(place, page(conversation()), page(broken))
    assert place.rows("conversation_id", entity="conversations") == [CONVERSATION]
    kinds = [reason for _, _, reason, _ in place.faults() if "of another kind" in reason]
    assert len(kinds) == len(bundle.load(GENESYS).file_sets["conversations"]["feeds"])


@pytest.mark.parametrize("answer", [{"totalHits": 0}, {"conversations": [], "totalHits": 0}])
def test_a_day_without_conversations_is_a_page_without_rows(place: Place, answer: dict[str, Any]) -> None:
    delivery = land(place, json.dumps(answer), page(conversation()))
    assert (delivery.status, delivery.columns_missing, place.faults()) == ("landed", (), [])
    assert place.rows("conversation_id", entity="conversations") == [CONVERSATION]


def test_another_document_is_refused(place: Place) -> None:
    place.put("conversations.json", json.dumps({"message": "not allowed", "totalHits": 0}))
    reason = place.vendor(GENESYS, "conversations").refused()
    assert reason.startswith("column 'conversations' is missing, which conversations.conversation_id needs")


def test_a_segment_without_a_start_costs_itself(place: Place) -> None:
    broken = conversation()
    del broken["participants"][3]["sessions"][0]["segments"][0]["segmentStart"]
    land(place, page(broken))
    assert len(place.rows("session_id", entity="segments")) == 5
    assert [(column, reason) for _, column, reason, _ in place.faults()] == [
        ("started_at", "required value is missing")
    ]


def test_lookups_name_queues_and_wrap_up_codes(place: Place) -> None:
    paging = {"pageSize": 25, "pageNumber": 1, "total": 1, "pageCount": 1}
    for name, entity in {
        "queues": {"id": QUEUE, "name": "Billing"},
        "users": {"id": USER, "name": CANARY, "email": f"{CANARY}@example.org"},
        "wrap_up_codes": {"id": CODE, "name": "resolved"},
    }.items():
        place.put(f"{name}.json", json.dumps({"entities": [entity], **paging}))
    landed = place.vendor(GENESYS, "queues", "users", "wrap_up_codes").land()
    assert all(one.is_landed and not one.columns_extra for one in landed.deliveries)
    assert place.rows("queue_id", "queue", entity="queues") == [(QUEUE, "Billing")]
    assert place.rows("wrap_up_code", "disposition", entity="wrap_up_codes") == [(CODE, "resolved")]
    assert place.rows("user_id", entity="users") == [USER]
    assert CANARY.encode() not in place.written()
    assert CANARY.lower().encode() not in place.written()


def test_no_name_text_or_number_lands(place: Place) -> None:
    callback = participant(
        8, "customer", session={"callbackUserName": CANARY, "callbackNumbers": ["+4930123456"]}
    )
    land(place, page(conversation(), conversation(guid(5), participants=[callback])))
    assert place.rows("customer_id", entity="participants")[0] is not None
    assert CANARY.encode() not in place.written()
    assert b"4930123456" not in place.written()


@pytest.mark.real_data
def test_the_vendors_sample_lands_whole(place: Place, real_data: Path) -> None:
    sample = real_data / "genesys-doc-sample" / "conversations_details_query_response_2016.masked.json"
    delivery = land(place, sample.read_text(encoding="utf-8"))
    assert (delivery.status, delivery.columns_extra, delivery.columns_missing) == ("landed", (), ())
    assert place.faults() == []
    counts = {"conversations": 25, "participants": 75, "sessions": 75, "segments": 131}
    assert {table: len(place.rows("conversation_id", entity=table)) for table in counts} == counts
