"""Traps of Asterisk's exports: each lands as what it means, and no number or name lands at all."""

from datetime import datetime

import pytest

from orchestration.landing.manifest import DeliveryRecord
from orchestration.sources.connectors import bundle
from tests.stages.place import Place, csv_text

ASTERISK = "asterisk"
CANARY = "canaryUnseen"
CALL = "1735689600.17"
MIDNIGHT = 1735689600
ENTER = f"{MIDNIGHT}|{CALL}|support|NONE|ENTERQUEUE||+4930123456|1|{CANARY}"
CONNECT = f"{MIDNIGHT + 30}|{CALL}|support|SIP/101|CONNECT|30|{CALL}8|4"
COMPLETE = f"{MIDNIGHT + 371}|{CALL}|support|SIP/101|COMPLETECALLER|30|341|1"


def log(place: Place, *lines: str, name: str = "queue_log.1", end: str = "\n") -> DeliveryRecord:
    place.put(name, "\n".join(lines) + end)
    return place.vendor(ASTERISK, "queue_log").land_one()


def record(**fields: str) -> str:
    """A call detail record as the CSV backend writes it, texts quoted and without a header."""
    values = {
        "accountcode": "", "src": "+4930123456", "dst": "7001", "dcontext": "from-trunk",
        "clid": f'""{CANARY}"" <+4930123456>', "channel": "PJSIP/trunk-0000001a",
        "dstchannel": "SIP/101-0000001b", "lastapp": "Queue", "lastdata": "support,t,,,",
        "start": "2025-01-01 00:59:30", "answer": "2025-01-01 00:59:30", "end": "2025-01-01 01:06:11",
        "duration": "401", "billsec": "401", "disposition": "ANSWERED", "amaflags": "DOCUMENTATION",
        "uniqueid": CALL, "userfield": "", **fields,
    }  # fmt: skip
    numbers = ("duration", "billsec")
    return ",".join(value if name in numbers else f'"{value}"' for name, value in values.items())


def records(place: Place, *lines: str) -> DeliveryRecord:
    place.put("call_records.csv", "\n".join(lines) + "\n")
    return place.vendor(ASTERISK, "call_records").land_one()


def test_every_file_of_the_export_has_a_table() -> None:
    connector = bundle.load(ASTERISK)
    assert {file_set: list(known["feeds"]) for file_set, known in connector.file_sets.items()} == {
        "queue_log": ["queue_log"],
        "queue_log_table": ["queue_log_table"],
        "call_records": ["call_records"],
    }


def test_parameters_are_named_by_their_event(place: Place) -> None:
    log(
        place,
        ENTER,
        CONNECT,
        COMPLETE,
        f"{MIDNIGHT}|b|support|NONE|ABANDON|2|3|45",
        f"{MIDNIGHT}|c|support|NONE|EXITWITHTIMEOUT|2|3|46",
        f"{MIDNIGHT}|d|support|NONE|EXITEMPTY|2|3|47",
        f"{MIDNIGHT}|e|support|NONE|EXITWITHKEY|9|2|3|48",
        f"{MIDNIGHT}|f|support|SIP/101|BLINDTRANSFER|7002|internal|5|60|1",
        f"{MIDNIGHT}|g|support|SIP/101|ATTENDEDTRANSFER|BRIDGE|{CALL}|6|61|1",
        f"{MIDNIGHT}|h|support|SIP/101|TRANSFER|7002|internal|7|62|1",
    )
    names = ("event", "wait_seconds", "talk_seconds", "exit_key", "transfer_context", "transfer_method")
    assert place.rows(*names, entity="queue_log") == [
        ("ENTERQUEUE", None, None, None, None, None),
        ("CONNECT", 30, None, None, None, None),
        ("COMPLETECALLER", 30, 341, None, None, None),
        ("ABANDON", 45, None, None, None, None),
        ("EXITWITHTIMEOUT", 46, None, None, None, None),
        ("EXITEMPTY", 47, None, None, None, None),
        ("EXITWITHKEY", 48, None, "9", None, None),
        ("BLINDTRANSFER", 5, 60, None, "internal", None),
        ("ATTENDEDTRANSFER", 6, 61, None, None, "BRIDGE"),
        ("TRANSFER", 7, 62, None, "internal", None),
    ]


def test_stamps_are_seconds_since_1970_also_with_fractions(place: Place) -> None:
    log(place, ENTER, f"{MIDNIGHT}.250000|b|support|NONE|ENTERQUEUE|||1")
    assert place.rows("event_at", entity="queue_log") == [
        datetime(2025, 1, 1),
        datetime(2025, 1, 1, 0, 0, 0, 250_000),
    ]


def test_the_ring_time_of_an_answered_call_is_seconds_that_of_a_missed_one_milliseconds(place: Place) -> None:
    log(place, f"{MIDNIGHT}|{CALL}|support|SIP/100|RINGNOANSWER|15000", CONNECT)
    assert place.rows("ring_seconds", "missed_ring_milliseconds", entity="queue_log") == [
        (None, 15_000),
        (4, None),
    ]


def test_lines_that_are_of_no_call_land_as_they_are(place: Place) -> None:
    log(
        place,
        f"{MIDNIGHT}|NONE|NONE|NONE|QUEUESTART|",
        f"{MIDNIGHT}|REALTIME|support|SIP/101|ADDMEMBER|",
    )
    assert place.rows("call_id", "queue_id", "agent_id", entity="queue_log") == [
        ("NONE", None, None),
        ("REALTIME", "support", "SIP/101"),
    ]


DOCUMENTED = {
    "ABANDON": "2|3|45", "ADDMEMBER": "PAUSED", "AGENTCALLBACKLOGIN": "1002@agents",
    "AGENTCALLBACKLOGOFF": "1002@agents|43|Autologoff", "AGENTDUMP": "", "AGENTLOGIN": "SIP/1-0000000a",
    "AGENTLOGOFF": "SIP/1-0000000a|43", "ATTENDEDTRANSFER": "BRIDGE|19791f60-26b3-4d93|5|60|1",
    "BLINDTRANSFER": "7002|internal|5|60|1", "CLOSED": "", "COMPLETEAGENT": "5|60|1", "COMPLETECALLER": "5|60|1",
    "CONFIGRELOAD": "", "CONNECT": "5|1735689600.18|4", "DID": "+4930999999", "ENTERQUEUE": "|+4930123456|1",
    "EXITEMPTY": "2|3|45", "EXITWITHKEY": "9|2|3|45", "EXITWITHTIMEOUT": "2|3|45", "FULL": "",
    "INFO": "key|value|of|five|or|more", "JOINEMPTY": "", "LEAVEEMPTY": "", "PAUSE": "lunch | break",
    "PAUSEALL": "", "PENALTY": "5", "QUEUESTART": "", "REMOVEMEMBER": "", "RINGCANCELED": "4000",
    "RINGINUSE": "0", "RINGNOANSWER": "15000", "SYSCOMPAT": "", "TRANSFER": "7002|internal|5|60|1",
    "UNPAUSE": "", "UNPAUSEALL": "", "WITHDRAW": "2|3|45|callback agreed",
}  # fmt: skip
"""Every event that Asterisk documents or writes, and some of dialplans, each with its parameters."""


@pytest.mark.parametrize("n_lost", [0, 1, 2])
@pytest.mark.parametrize("more", ["", "|one more", "|"])
def test_every_documented_event_lands_whatever_its_number_of_parameters(
    place: Place, more: str, n_lost: int
) -> None:
    """A version that adds a parameter, or lacks one, must not cost the event."""
    lines = []
    for event, parameters in DOCUMENTED.items():
        kept = parameters.split("|")[: max(0, parameters.count("|") + 1 - n_lost)]
        lines.append(f"{MIDNIGHT}|{CALL}|support|SIP/101|{event}|{'|'.join(kept)}{more}")
    delivery = log(place, *lines)
    assert place.faults() == []
    assert delivery.n_read == len(DOCUMENTED)
    assert place.rows("event", entity="queue_log") == list(DOCUMENTED)


def test_an_attended_transfer_by_a_link_names_two_channels(place: Place) -> None:
    link = "Local/7@q-0000000a;1|Local/7@q-0000000a;2"
    log(
        place,
        f"{MIDNIGHT}|a|support|SIP/101|ATTENDEDTRANSFER|LINK|{link}|5|60|1",
        f"{MIDNIGHT}|b|support|SIP/101|ATTENDEDTRANSFER|APP|Queue|6|61|1",
        f"{MIDNIGHT}|c|support|SIP/101|ATTENDEDTRANSFER|LINK|{link}|7|62",
    )
    assert place.faults() == []
    assert place.rows("transfer_method", "wait_seconds", "talk_seconds", entity="queue_log") == [
        ("LINK", 5, 60),
        ("APP", 6, 61),
        ("LINK", 7, None),
    ]


def test_a_pipe_within_a_parameter_costs_no_event_and_no_number(place: Place) -> None:
    log(
        place,
        f"{MIDNIGHT}|a|support|NONE|ENTERQUEUE|https://crm/?a|b|+4930123456|2|{CANARY}",
        f"{MIDNIGHT}|b|support|NONE|ENTERQUEUE||+4930123456|1|{CANARY} | Sales|7",
        f"{MIDNIGHT}|c|support|SIP/101|COMPLETEAGENT|soon|later|1",
    )
    assert place.faults() == []
    assert place.rows("caller_status", "position_at_entry", "wait_seconds", entity="queue_log") == [
        ("valid", None, None),
        ("valid", 1, None),
        (None, None, None),
    ]
    assert len(set(place.rows("caller", entity="queue_log"))) == 2
    assert CANARY.encode() not in place.written()


def test_lines_land_with_their_place_in_each_file(place: Place) -> None:
    """Stamps are whole seconds: within one, the order of the lines is all there is."""
    place.put("queue_log.1", f"{ENTER}\n{CONNECT}\n")
    place.put("queue_log.2", f"{COMPLETE}\nno line of the log\n{COMPLETE.replace(CALL, 'b')}\n")
    place.vendor(ASTERISK, "queue_log").land()
    assert sorted(place.rows("_source_file", "_source_line", "event", entity="queue_log")) == [
        ("queue_log.1", 1, "ENTERQUEUE"),
        ("queue_log.1", 2, "CONNECT"),
        ("queue_log.2", 1, "COMPLETECALLER"),
        ("queue_log.2", 3, "COMPLETECALLER"),
    ]


@pytest.mark.parametrize("channel", ["SIP/101", "Local/101@agents/n", "Agent/101", "PJSIP/101"])
def test_an_agent_is_named_by_a_channel(place: Place, channel: str) -> None:
    log(place, CONNECT.replace("SIP/101", channel))
    assert place.rows("agent_id", entity="queue_log") == [channel]


def test_events_of_unknown_kinds_land_and_cost_nothing(place: Place) -> None:
    delivery = log(place, ENTER, f"{MIDNIGHT}|{CALL}|support|NONE|BRANDNEW|x|y|z|1|2|3|4|5", CONNECT)
    assert (delivery.n_read, place.faults()) == (3, [])
    assert place.rows("event", "wait_seconds", entity="queue_log")[1] == ("BRANDNEW", None)


def test_a_line_without_an_event_is_quarantined_alone(place: Place) -> None:
    """A rotated log may end, and the next one begin, within a line."""
    log(place, ENTER, CONNECT[:20], end="")
    assert place.rows("event", entity="queue_log") == ["ENTERQUEUE"]
    assert place.bad_lines() == {2: "required value is missing"}
    log(place, CONNECT[20:], COMPLETE, name="queue_log.2")
    assert place.rows("event", entity="queue_log") == ["ENTERQUEUE", "COMPLETECALLER"]


def test_a_duration_that_may_be_cut_short_is_unknown(place: Place) -> None:
    cut = COMPLETE.removesuffix("1|1")
    assert cut.endswith("|34")
    log(place, ENTER, cut, end="")
    assert place.faults() == []
    assert place.rows("event", "wait_seconds", "talk_seconds", entity="queue_log")[1] == (
        "COMPLETECALLER",
        30,
        None,
    )


def test_a_log_that_is_delivered_twice_lands_its_lines_once(place: Place) -> None:
    """Logs are renamed as they rotate, so that the same lines come under another name."""
    log(place, ENTER, CONNECT, name="queue_log.1")
    log(place, ENTER, CONNECT, COMPLETE, name="queue_log.2")
    key = bundle.load(ASTERISK).tables["queue_log"].key
    rows = place.rows(*key, entity="queue_log")
    assert (len(rows), len(set(rows))) == (3, 3)


def test_a_call_may_stand_in_two_rotated_logs(place: Place) -> None:
    log(place, ENTER, name="queue_log.1")
    log(place, CONNECT, COMPLETE, name="queue_log.2")
    events = [("ENTERQUEUE", CALL), ("CONNECT", CALL), ("COMPLETECALLER", CALL)]
    assert place.rows("event", "call_id", entity="queue_log") == events


def test_the_database_table_holds_the_same(place: Place) -> None:
    header = "time,callid,queuename,agent,event,data1,data2,data3,data4,data5"
    place.put(
        "queue_log_table.csv",
        csv_text(
            (
                "2025-01-01 01:00:00.250000",
                CALL,
                "support",
                "NONE",
                "ENTERQUEUE",
                "",
                "+4930123456",
                "1",
                CANARY,
                "",
            ),
            ("2025-01-01 01:00:30", CALL, "support", "SIP/101", "CONNECT", "30", f"{CALL}8", "4", "", ""),
            (
                "2025-01-01 01:02:00",
                CALL,
                "support",
                "SIP/101",
                "BLINDTRANSFER",
                "7002",
                "in",
                "30",
                "90",
                "1",
            ),
            header=header,
        ),
    )
    delivery = place.vendor(ASTERISK, "queue_log_table").land_one()
    assert (delivery.columns_missing, delivery.columns_extra) == ((), ())
    names = ("event_at", "agent_id", "caller_status", "wait_seconds", "talk_seconds", "ring_seconds")
    assert place.rows(*names, entity="queue_log_table") == [
        (datetime(2025, 1, 1, 0, 0, 0, 250_000), None, "valid", None, None, None),
        (datetime(2025, 1, 1, 0, 0, 30), "SIP/101", None, 30, None, 4),
        (datetime(2025, 1, 1, 0, 2), "SIP/101", None, 30, 90, None),
    ]
    columns = (bundle.load(ASTERISK).tables[name].landed for name in ("queue_log", "queue_log_table"))
    assert len({tuple(one) for one in columns}) == 1, "staging unites them"


TABLE = "id,time,callid,queuename,agent,event,data1,data2,data3,data4,data5"


def test_the_last_column_of_the_database_table_holds_the_parameters_that_are_too_many(place: Place) -> None:
    place.put(
        "queue_log_table.csv",
        csv_text(
            ("7", "2025-01-01 01:02:00", CALL, "support", "SIP/101", "ATTENDEDTRANSFER", "LINK", "a;1", "a;2", "5", "60|1"),
            ("8", "2025-01-01 01:02:00", CALL, "support", "SIP/101", "BRANDNEW", "", "", "x", "", "y|z"),
            ("none", "2025-01-01 01:02:00", "", "support", "SIP/101", "PAUSE", "lunch", "", "", "", ""),
            header=TABLE,
        ),
    )  # fmt: skip
    place.vendor(ASTERISK, "queue_log_table").land_one()
    assert place.faults() == []
    names = ("event_seq", "_source_line", "call_id", "event", "wait_seconds", "talk_seconds")
    assert place.rows(*names, entity="queue_log_table") == [
        (7, 2, CALL, "ATTENDEDTRANSFER", 5, 60),
        (8, 3, CALL, "BRANDNEW", None, None),
        (None, 4, "NONE", "PAUSE", None, None),
    ]


def test_the_database_table_may_hold_all_parameters_in_one_column(place: Place) -> None:
    lines = [
        ("ENTERQUEUE", f"|+4930123456|1|{CANARY}"),
        ("CONNECT", f"30|{CALL}8|4"),
        ("ATTENDEDTRANSFER", "LINK|a;1|a;2|30|90|1"),
    ]
    rows = [("2025-01-01 01:00:00", CALL, "support", "SIP/101", *line) for line in lines]
    place.put("queue_log_table.csv", csv_text(*rows, header="time,callid,queuename,agent,event,data"))
    delivery = place.vendor(ASTERISK, "queue_log_table").land_one()
    assert (delivery.columns_missing, delivery.columns_extra, place.faults()) == ((), (), [])
    names = ("caller_status", "wait_seconds", "talk_seconds", "ring_seconds")
    assert place.rows(*names, entity="queue_log_table") == [
        ("valid", None, None, None),
        (None, 30, None, 4),
        (None, 30, 90, None),
    ]
    assert CANARY.encode() not in place.written()


def test_a_database_table_without_parameters_is_reported(place: Place) -> None:
    row = ("2025-01-01 01:00:00", CALL, "support", "SIP/101", "CONNECT", "5")
    place.put("queue_log_table.csv", csv_text(row, header="time,callid,queuename,agent,event,info1"))
    delivery = place.vendor(ASTERISK, "queue_log_table").land_one()
    assert delivery.columns_missing == ("data", "data1")


def test_channels_of_one_call_keep_what_links_them(place: Place) -> None:
    header = [
        *bundle.load(ASTERISK).file_sets["call_records"]["header"],
        "peeraccount",
        "linkedid",
        "sequence",
    ]
    place.put(
        "call_records.csv",
        f'{record(dstchannel="Local/101@agents-0000001b;1")},"","{CALL}","41"\n'
        f'{record(uniqueid="b", channel="Local/101@agents-0000001b;2")},"","{CALL}","42"\n',
    )
    place.vendor(ASTERISK, "call_records", call_records={"header": header}).land_one()
    assert place.faults() == []
    names = ("call_id", "linked_id", "sequence", "channel", "channel_instance", "channel_half")
    assert place.rows(*names, entity="call_records") == [
        (CALL, CALL, 41, "PJSIP/trunk", "0000001a", None),
        ("b", CALL, 42, "Local/101@agents", "0000001b", 2),
    ]
    names = ("destination_channel", "destination_instance", "destination_half")
    assert place.rows(*names, entity="call_records")[0] == ("Local/101@agents", "0000001b", 1)


def test_call_records_have_no_header(place: Place) -> None:
    delivery = records(place, record(), record(uniqueid="b", dst="+4930999999", src="101", lastapp="Dial"))
    assert (delivery.n_read, place.faults()) == (2, [])
    names = ("call_id", "started_at", "caller_status", "callee_status", "queue_id", "destination_channel")
    assert place.rows(*names, entity="call_records") == [
        (CALL, datetime(2024, 12, 31, 23, 59, 30), "valid", "internal", "support", "SIP/101"),
        ("b", datetime(2024, 12, 31, 23, 59, 30), "internal", "valid", None, "SIP/101"),
    ]


def test_the_table_of_call_records_dates_a_call_by_calldate(place: Place) -> None:
    header = "calldate,clid,src,dst,dcontext,channel,dstchannel,lastapp,lastdata,duration,billsec,disposition,uniqueid,linkedid"
    row = ("2025-01-01 01:00:00", CANARY, "+4930123456", "7001", "in", "SIP/1", "SIP/2", "Dial", "", "90", "60",
        "ANSWERED", CALL, CALL)  # fmt: skip
    place.put("call_records.csv", csv_text(row, header=header))
    place.vendor(ASTERISK, "call_records", call_records={"header": []}).land_one()
    assert place.rows("started_at", "ended_at", "duration_seconds", "linked_id", entity="call_records") == [
        (datetime(2025, 1, 1), None, 90, CALL)
    ]


def test_a_centre_without_user_fields_names_its_columns(place: Place) -> None:
    header = bundle.load(ASTERISK).file_sets["call_records"]["header"]
    place.put("call_records.csv", record().rpartition(",")[0] + "\n")
    delivery = place.vendor(ASTERISK, "call_records", call_records={"header": header[:-1]}).land_one()
    assert delivery.is_landed
    assert place.rows("call_id", "queue_id", entity="call_records") == [(CALL, "support")]


def test_the_userfield_holds_what_the_dialplan_notes_in_it(place: Place) -> None:
    noted = (
        "entry=line;ivr=1>2;reason=billing;case=C-1;customer=K-1;close=refund;disposition=done;queue=sales"
    )
    records(place, record(userfield=noted, lastapp="Dial"), record(uniqueid="b", userfield=CANARY))
    names = ("entry_point", "ivr_path", "reason_entry", "case_id", "reason_close", "wrap_up_code", "queue_id")
    assert place.rows(*names, entity="call_records") == [
        ("line", "1>2", "billing", "C-1", "refund", "done", "sales"),
        (None, None, None, None, None, None, "support"),
    ]
    hashed = place.rows("customer_id", entity="call_records")
    assert hashed[0] != "K-1"
    assert len(hashed[0]) == 32
    assert hashed[1] is None


def test_no_name_or_number_lands(place: Place) -> None:
    place.put(
        "queue_log.1", f"{ENTER}\n{MIDNIGHT}|{CALL}|support|SIP/101|BLINDTRANSFER|+4930123456|out|5|60|1\n"
    )
    place.put(
        "call_records.csv",
        record(channel="DAHDI/i1/4930123456-0000001a", lastapp="Dial", lastdata="SIP/4930123456@trunk")
        + "\n",
    )
    place.vendor(ASTERISK, "queue_log", "call_records").land()
    assert place.faults() == []
    written = place.written()
    assert CANARY.encode() not in written
    assert b"4930123456" not in written
    assert place.rows("caller_status", entity="queue_log") == ["valid", None]
    assert place.rows("transfer_target_status", entity="queue_log") == [None, "valid"]
