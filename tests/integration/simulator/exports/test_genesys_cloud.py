"""Genesys Cloud's export against the documented sample and fields, and its quirks."""

import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from seeds.simulator.exports import genesys_cloud
from seeds.simulator.exports.genesys_cloud import PAGE, VENDOR
from seeds.simulator.exports.kit import Delivery
from tests.conftest import REAL_DATA, need
from tests.integration.simulator.exports import schema

SAMPLE = REAL_DATA / "genesys-doc-sample" / "conversations_details_query_response_2016.masked.json"
CONVERSATION = schema.words("""conversationId conversationStart conversationEnd mediaStatsMinConversationMos participants
    evaluations surveys divisionIds""")
PARTICIPANT = schema.words("participantId participantName userId teamId purpose attributes sessions")
SESSION = schema.words("""sessionId mediaType direction ani dnis sessionDnis peerId remote requestedRoutings usedRouting
    selectedAgentId flowInType flowOutType destinationAddresses acwSkipped recording metrics segments""")
METRICS = schema.words("""tAbandon tIvr tAnswered tAcd tTalk tTalkComplete tHeld tHeldComplete tAcw tHandle tWait nOffered nOverSla
    nTransferred nError nBlindTransferred nConsult nConsultTransferred""")
SEGMENT = schema.words("""segmentStart segmentEnd segmentType disconnectType queueId wrapUpCode wrapUpNote errorCode
    sipResponseCodes""")
EVALUATION = schema.words("""evaluationId formId formName contextId evaluatorId userId queueId eventTime evaluationStatus released
    rescored deleted oTotalScore oTotalCriticalScore""")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Delivery:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(genesys_cloud, "FAILED_ALERTS_PER_MILLE", 300)
        return schema.exported(VENDOR, tmp_path_factory.mktemp("genesys_cloud"))


@pytest.fixture(scope="module")
def pages(delivery: Delivery) -> dict[str, dict[str, Any]]:
    found = sorted(delivery.folder.glob("genesys_cloud/conversations/*/page-*.json"))
    return {f"{path.parent.name}/{path.name}": json.loads(path.read_text()) for path in found}


@pytest.fixture(scope="module")
def conversations(pages: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [conversation for page in pages.values() for conversation in page["conversations"]]


def participants(conversation: dict[str, Any], purpose: str) -> list[dict[str, Any]]:
    return [one for one in conversation["participants"] if one["purpose"] == purpose]


def handlers(conversation: dict[str, Any]) -> list[dict[str, Any]]:
    """Agents who spoke, in their order."""
    return [
        one
        for one in participants(conversation, "agent")
        if any(segment["segmentType"] == "interact" for segment in one["sessions"][0]["segments"])
    ]


def metrics(participant: dict[str, Any]) -> dict[str, int]:
    return {metric["name"]: metric["value"] for metric in participant["sessions"][0]["metrics"]}


@pytest.mark.real_data
def test_the_pages_have_all_keys_of_the_sample(pages: dict[str, dict[str, Any]]) -> None:
    need(SAMPLE.is_file(), f"no vendor sample in {REAL_DATA} (set FAULTLINE_REAL_DATA)")
    wanted = schema.kinds([json.loads(SAMPLE.read_text())])
    assert schema.missing_kinds(wanted, schema.kinds(list(pages.values()))) == []


def test_every_documented_field_occurs(conversations: list[dict[str, Any]]) -> None:
    found = schema.kinds(conversations)
    wanted = [f"[].{key}" for key in CONVERSATION]
    wanted += [f"[].participants[].{key}" for key in PARTICIPANT]
    wanted += [f"[].participants[].sessions[].{key}" for key in SESSION]
    wanted += [f"[].participants[].sessions[].metrics[].{key}" for key in ("name", "value", "emitDate")]
    wanted += [f"[].participants[].sessions[].segments[].{key}" for key in SEGMENT]
    wanted += [f"[].evaluations[].{key}" for key in EVALUATION]
    assert [path for path in wanted if path not in found] == []
    assert all("null" not in types for types in found.values())
    named = {name for one in conversations for part in one["participants"] for name in metrics(part)}
    assert set(METRICS) <= named


def test_pages_hold_a_hundred_conversations_and_say_how_many_there_are(
    pages: dict[str, dict[str, Any]],
) -> None:
    days: Counter[str] = Counter()
    for name, page in pages.items():
        assert len(page["conversations"]) <= PAGE
        assert {one["conversationStart"][:10] for one in page["conversations"]} == {name[:10]}
        days[name[:10]] += len(page["conversations"])
    assert max(days.values()) > PAGE
    assert all(page["totalHits"] == days[name[:10]] for name, page in pages.items())


def test_every_contact_is_a_conversation(delivery: Delivery, conversations: list[dict[str, Any]]) -> None:
    rows = delivery.connection.execute(
        "SELECT contact_id, case_id, customer_id, ivr_path FROM contacts"
    ).fetchall()
    attributes_of = {
        one["conversationId"]: participants(one, "customer")[0]["attributes"] for one in conversations
    }
    assert len(attributes_of) == len(conversations) == len(rows)
    for contact_id, case_id, customer_id, path in rows:
        attributes = attributes_of[contact_id]
        assert (attributes.get("case_id"), attributes.get("customer_id")) == (case_id, customer_id)
        assert attributes.get("ivr_path") == path


def test_a_hand_over_from_the_queue_is_no_transfer_of_an_agent(
    delivery: Delivery, conversations: list[dict[str, Any]]
) -> None:
    legs: dict[str, list[tuple[str, bool]]] = {}
    for contact_id, kind, is_answered in delivery.connection.execute(
        "SELECT contact_id, transfer_type, answered_at IS NOT NULL FROM legs ORDER BY contact_id, leg_seq"
    ).fetchall():
        legs.setdefault(contact_id, []).append((kind, is_answered))
    expected = {"blind": "transfer", "consult": "consultTransfer"}
    for conversation in conversations:
        own_legs = legs[conversation["conversationId"]]
        queues = participants(conversation, "acd")
        parted = [queue["sessions"][0]["segments"][-1]["disconnectType"] for queue in queues]
        assert parted == ["transfer" if is_answered else "peer" for _, is_answered in own_legs]
        answered = [kind for kind, is_answered in own_legs if is_answered]
        agents = handlers(conversation)
        assert len(agents) == len(answered)
        for agent, kind in zip(agents, answered, strict=True):
            segments = agent["sessions"][0]["segments"]
            assert segments[-1]["segmentType"] == "wrapup"
            parting = segments[-2]["disconnectType"]
            numbers = metrics(agent)
            assert parting == expected.get(kind, parting)
            assert (parting in expected.values()) == (kind != "none") == ("nTransferred" in numbers)
            assert ("nBlindTransferred" in numbers) == (kind == "blind")
            assert ("nConsultTransferred" in numbers) == (kind == "consult")


def test_durations_are_milliseconds_and_segments_leave_no_gap(
    delivery: Delivery, conversations: list[dict[str, Any]]
) -> None:
    talk, hold, wrap_up = delivery.connection.execute(
        "SELECT sum(talk_seconds), sum(hold_seconds), sum(wrap_up_seconds) FROM legs"
    ).fetchall()[0]
    agents = [agent for one in conversations for agent in handlers(one)]
    totals: Counter[str] = Counter()
    for agent in agents:
        totals.update(metrics(agent))
        segments = agent["sessions"][0]["segments"]
        for before, after in pairwise(segments):
            assert before["segmentEnd"] == after["segmentStart"]
        assert all(STAMP.fullmatch(one["segmentStart"]) for one in segments)
    assert (totals["tTalk"], totals["tHeld"], totals["tAcw"]) == (talk * 1000, hold * 1000, wrap_up * 1000)
    assert totals["tHandle"] == 1000 * (talk + hold + wrap_up)


def test_callbacks_are_outbound_and_pass_no_menu(
    delivery: Delivery, conversations: list[dict[str, Any]]
) -> None:
    back = [one for one in conversations if one["originatingDirection"] == "outbound"]
    expected = "SELECT count(*) FROM contacts WHERE direction = 'outbound'"
    assert len(back) == delivery.connection.execute(expected).fetchall()[0][0] > 0
    for conversation in back:
        assert {one["sessions"][0]["mediaType"] for one in conversation["participants"]} == {"callback"}
        assert not participants(conversation, "ivr")


def test_a_phone_that_does_not_ring_leaves_a_participant_who_never_spoke(
    conversations: list[dict[str, Any]],
) -> None:
    silent = [
        agent
        for conversation in conversations
        for agent in participants(conversation, "agent")
        if agent not in handlers(conversation)
    ]
    assert silent
    assert all("errorCode" in agent["sessions"][0]["segments"][0] for agent in silent)


def test_evaluations_and_surveys_stand_at_their_conversation(
    delivery: Delivery, conversations: list[dict[str, Any]]
) -> None:
    scores = {
        (one["conversationId"], each["evaluationId"]): each["oTotalScore"]
        for one in conversations
        for each in one.get("evaluations", [])
    }
    rows = delivery.connection.execute("SELECT contact_id, evaluation_id, score FROM evaluations").fetchall()
    assert scores == {(contact, evaluation): score for contact, evaluation, score in rows}
    answers = {
        each["surveyId"]: each.get("oSurveyTotalScore")
        for one in conversations
        for each in one.get("surveys", [])
    }
    rows = delivery.connection.execute("SELECT response_id, value FROM surveys").fetchall()
    assert answers == {response: None if value is None else value * 20 for response, value in rows}


def test_lookups_name_queues_users_and_wrap_up_codes(
    delivery: Delivery, conversations: list[dict[str, Any]]
) -> None:
    names = {
        kind: {
            entity["id"]: entity["name"]
            for entity in json.loads((delivery.folder / f"genesys_cloud/lookups/{kind}.json").read_text())[
                "entities"
            ]
        }
        for kind in ("queues", "users", "wrapupcodes")
    }
    n_by_code = Counter()
    for conversation in conversations:
        for agent in handlers(conversation):
            assert agent["participantName"] == names["users"][agent["userId"]]
            assert agent["sessions"][0]["segments"][0]["queueId"] in names["queues"]
        agents = handlers(conversation)
        if agents:
            n_by_code[names["wrapupcodes"].get(agents[-1]["sessions"][0]["segments"][-1]["wrapUpCode"])] += 1
    rows = delivery.connection.execute(
        "SELECT disposition, count(*) FROM contacts WHERE contact_id IN "
        "(SELECT contact_id FROM legs WHERE answered_at IS NOT NULL) GROUP BY ALL"
    ).fetchall()
    assert n_by_code == dict(rows)


def test_a_run_repeats_itself(delivery: Delivery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(genesys_cloud, "FAILED_ALERTS_PER_MILLE", 300)
    VENDOR.export(Delivery(delivery.connection, tmp_path, "acme", schema.LAST_DAY, is_bulk=True))
    assert schema.contents(tmp_path) == schema.contents(delivery.folder)
