"""Asterisk's queue log and call detail records against their documentation."""

import csv
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from seeds.simulator.exports.asterisk import VENDOR
from seeds.simulator.exports.kit import Delivery
from tests.integration.simulator.exports import schema

PARAMETERS = {
    "ENTERQUEUE": 3,
    "CONNECT": 3,
    "COMPLETEAGENT": 3,
    "COMPLETECALLER": 3,
    "ABANDON": 3,
    "RINGNOANSWER": 1,
    "BLINDTRANSFER": 5,
    "ATTENDEDTRANSFER": 5,
    "ADDMEMBER": 1,
    "REMOVEMEMBER": 1,
    "QUEUESTART": 1,
    "CONFIGRELOAD": 1,
}
COLUMNS = schema.words("""accountcode src dst dcontext clid channel dstchannel lastapp lastdata start answer end duration billsec
    disposition amaflags uniqueid userfield""")
Line = list[str]


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Delivery:
    return schema.exported(VENDOR, tmp_path_factory.mktemp("asterisk"))


@pytest.fixture(scope="module")
def log(delivery: Delivery) -> list[Line]:
    paths = sorted(delivery.folder.glob("asterisk/queue_log.*"))
    return [line.split("|") for path in paths for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def calls(delivery: Delivery) -> list[dict[str, str]]:
    found = []
    for path in sorted(delivery.folder.glob("asterisk/cdr-csv/Master.*.csv")):
        with path.open(newline="") as file:
            found += [dict(zip(COLUMNS, row, strict=True)) for row in csv.reader(file)]
    return found


def rows(delivery: Delivery, query: str) -> list[tuple[object, ...]]:
    return delivery.connection.execute(query).fetchall()


def test_every_line_has_the_parameters_of_its_event(log: list[Line]) -> None:
    seen = {line[4] for line in log}
    assert seen >= set(PARAMETERS) - {"RINGNOANSWER"}
    assert [line for line in log if len(line) - 5 != PARAMETERS[line[4]]] == []
    assert {line[1] for line in log if line[4].endswith("MEMBER")} == {"REALTIME"}
    assert {tuple(line[1:4]) for line in log if line[4] in ("QUEUESTART", "CONFIGRELOAD")} == {("NONE",) * 3}


def test_lines_are_in_order_and_in_the_file_of_their_day(delivery: Delivery, log: list[Line]) -> None:
    stamps = [int(line[0]) for line in log]
    assert stamps == sorted(stamps)
    paths = sorted(delivery.folder.glob("asterisk/queue_log.*"))
    first = [path.read_text().split("|", 1)[0] for path in paths]
    assert all(int(stamp) % 86400 == 0 for stamp in first)
    assert [path.suffix for path in paths] == sorted({path.suffix for path in paths})


def test_events_count_what_happened(delivery: Delivery, log: list[Line]) -> None:
    events = Counter(line[4] for line in log)
    legs = "FROM legs AS l JOIN contacts AS c USING (contact_id) WHERE channel = 'voice' AND direction = 'inbound'"
    expected = {
        "ENTERQUEUE": "",
        "CONNECT": " AND answered_at IS NOT NULL",
        "ABANDON": " AND answered_at IS NULL",
        "BLINDTRANSFER": " AND transfer_type = 'blind'",
        "ATTENDEDTRANSFER": " AND transfer_type = 'consult'",
        "COMPLETEAGENT": " AND transfer_type = 'none' AND answered_at IS NOT NULL AND ended_by = 'agent'",
        "COMPLETECALLER": " AND transfer_type = 'none' AND answered_at IS NOT NULL AND ended_by = 'customer'",
    }
    for event, where in expected.items():
        assert events[event] == rows(delivery, f"SELECT count(*) {legs}{where}")[0][0], event


def test_a_call_keeps_its_id_through_the_queues(delivery: Delivery, log: list[Line]) -> None:
    by_call: dict[str, list[Line]] = defaultdict(list)
    for line in log:
        by_call[line[1]].append(line)
    transferred = rows(
        delivery,
        "SELECT contact_id, list(queue_id ORDER BY leg_seq) FROM legs JOIN contacts USING (contact_id) "
        "WHERE channel = 'voice' AND direction = 'inbound' GROUP BY contact_id HAVING count(*) > 1",
    )
    assert transferred
    for contact_id, queues in transferred:
        lines = by_call[str(contact_id)]
        assert [line[2] for line in lines if line[4] == "ENTERQUEUE"] == queues
        names = [line[4] for line in lines]
        place = next(place for place, name in enumerate(names) if name.endswith("TRANSFER"))
        assert names[place + 1] == "ENTERQUEUE"


def test_waits_are_seconds_and_ring_times_milliseconds(delivery: Delivery, log: list[Line]) -> None:
    wait = sum(int(line[5]) for line in log if line[4] == "CONNECT")
    query = (
        "SELECT sum(date_diff('second', enqueued_at, answered_at)) FROM legs JOIN contacts USING (contact_id) "
        "WHERE channel = 'voice' AND direction = 'inbound'"
    )
    assert wait == rows(delivery, query)[0][0]
    assert {line[5] for line in log if line[4] == "RINGNOANSWER"} <= {"15000"}
    abandoned = [[int(value) for value in line[5:]] for line in log if line[4] == "ABANDON"]
    assert all(1 <= position <= before for position, before, _ in abandoned)


def test_call_records_are_calls_only_one_for_each_leg(
    delivery: Delivery, calls: list[dict[str, str]]
) -> None:
    legs = rows(
        delivery,
        "SELECT contact_id, count(*) FROM legs JOIN contacts USING (contact_id) WHERE channel = 'voice' GROUP BY ALL",
    )
    assert Counter(call["uniqueid"] for call in calls) == dict(legs)
    assert {call["disposition"] for call in calls} == {"ANSWERED"}
    for call in calls:
        assert int(call["duration"]) >= int(call["billsec"]) >= 0
        assert len(call["start"]) == len(call["end"]) == 19


def test_outbound_calls_stand_in_the_call_records_alone(
    delivery: Delivery, calls: list[dict[str, str]], log: list[Line]
) -> None:
    out = {row[0] for row in rows(delivery, "SELECT contact_id FROM contacts WHERE direction = 'outbound'")}
    assert out == {call["uniqueid"] for call in calls if call["lastapp"] == "Dial"}
    assert out
    assert not out & {line[1] for line in log}
    noted = {
        call["uniqueid"]: part.removeprefix("queue=")
        for call in calls
        for part in call["userfield"].split(";")
        if part.startswith("queue=")
    }
    query = (
        "SELECT contact_id, queue_id FROM legs JOIN contacts USING (contact_id) WHERE direction = 'outbound'"
    )
    assert noted == dict(rows(delivery, query))


def test_text_is_quoted_and_numbers_are_not(delivery: Delivery) -> None:
    path = next(delivery.folder.glob("asterisk/cdr-csv/Master.*.csv"))
    line = path.read_text().splitlines()[0]
    assert line.startswith('"","')
    assert '""' in line.split('","')[4]
    assert line.count('","') == len(COLUMNS) - 4


def test_a_contact_is_named_by_the_moment_it_began(delivery: Delivery) -> None:
    query = "SELECT count(*) FROM contacts WHERE split_part(contact_id, '.', 1) <> CAST(CAST(epoch(started_at) AS BIGINT) AS VARCHAR)"
    assert rows(delivery, query) == [(0,)]


def test_a_run_repeats_itself(delivery: Delivery, tmp_path: Path) -> None:
    VENDOR.export(Delivery(delivery.connection, tmp_path, "acme", schema.LAST_DAY, is_bulk=True))
    assert schema.contents(tmp_path) == schema.contents(delivery.folder)
