"""The same centre, exported by different systems, gives the same marts.

All pairs are centres of one run. Ids, instances and hashes differ from system to system, so rows are compared
without them, as often as they come. What a vendor cannot record is listed here, and must be NULL then.
"""

import os
from itertools import product
from pathlib import Path

import duckdb
import pytest

from seeds.simulator.exports import registry
from tests.integration.conftest import Run, run
from tests.integration.simulator.centres import simulate
from tests.integration.simulator.privacy import check_no_canary_lands
from tests.keys import check_keys

pytestmark = pytest.mark.integration

TELEPHONY, CRM = (sorted(set(kind) - {"plain"}) for kind in (registry.TELEPHONY, registry.CRM))
# Every vendor once as a rule; each with each takes three times as long.
EACH_WITH_EACH = os.environ.get("FAULTLINE_EVERY_PAIR") == "1"
PAIRS = {
    f"{telephony}_{crm}": (telephony, crm)
    for telephony, crm in (product(TELEPHONY, CRM) if EACH_WITH_EACH else zip(TELEPHONY, CRM, strict=True))
}
PLAIN = "plain_feeds"
SCENARIO = {
    "about": "One centre, as several systems export it.",
    "extends": "demo",
    "centre": {"days": 62, "contacts": 2_500, "teams": 8, "queues": 26, "reasons": 24},
    # Few telephony systems say from which address somebody wrote.
    "without": ["contacts.email"],
}
# By mart: what depends on ids, or on the moment that a source happens to reach up to.
OF_THE_SOURCE = {
    "mart_contact": {
        "centre", "source_instance", "contact_id", "chain_id", "customer_id", "ani", "case_id",
        "recorded_case_id", "case_source_instance", "recorded_case_source_instance", "journey_id",
    },
    # Whether a case was deleted is NULL where a system cannot say so.
    "mart_case": {"centre", "source_instance", "case_id", "customer_id", "journey_id", "owner_id", "open_hours",
                  "parent_case_id", "is_deleted"},
    "mart_journey": {"centre", "source_instance", "journey_id", "customer_id", "ended_at"},
    "mart_journey_event": {
        "centre", "source_instance", "journey_id", "source_key", "event_seq", "gap_seconds",
    },
    "mart_routing_audit": {"centre"},
    "mart_qa_coverage": {"centre"},
}  # fmt: skip
# The simulated centre calls nobody back: some systems say so, others say nothing.
NEVER_TRUE = {"mart_contact": {"is_callback"}}
# What a system does not record, by system and mart.
NOT_RECORDED = {
    "amazon_connect": {
        "mart_contact": {"n_transfers_blind", "n_transfers_consult"},
        "mart_routing_audit": {"cold_share"},
        "mart_qa_coverage": {"coverage_human_share", "coverage_automatic_share"},
    },
    "genesys_cloud": {"mart_qa_coverage": {"coverage_human_share", "coverage_automatic_share"}},
    "asterisk": {"mart_contact": {"hold_seconds", "wrap_up_seconds"}},
    "salesforce": {
        "mart_case": {"vendor_reopen_count", "vendor_reassignment_count", "is_timely_response"},
        "mart_journey": {"n_reasks", "effort_index"},
    },
    "servicenow": {"mart_journey": {"n_reasks", "effort_index"}},
    "zendesk": {"mart_case": {"is_knowledge_used"}},
}
# The rows that such a column is about; others are empty anyway, or another system exports them.
RELEVANT_ROWS = {
    "amazon_connect": {
        "mart_contact": "coalesce(n_transfers, 0) > 0",
        "mart_routing_audit": "n_transferred > 0",
        "mart_qa_coverage": "coverage_eligible_share > 0",  # without evaluations, neither people nor machines evaluated
    },
    "genesys_cloud": {"mart_qa_coverage": "coverage_eligible_share > 0"},
    "asterisk": {"mart_contact": "channel = 'voice'"},
}
# What this system cannot distinguish from something else: what it records, made of the plain feeds' columns.
RECORDED_TOGETHER = {
    "asterisk": {
        "mart_contact": {
            "talk_seconds": "talk_seconds + CASE WHEN channel = 'voice' THEN hold_seconds ELSE 0 END"
        }
    }
}
# The rows that do not depend on it.
COMPARED_ROWS = {"asterisk": {"mart_qa_coverage": "stratum_type <> 'talk_time'"}}
# What this system records of more rows than the plain feeds do.
RECORDED_BEYOND = {
    "salesforce": {"mart_case": {"is_knowledge_used"}},
    "servicenow": {"mart_case": {"is_knowledge_used", "is_sla_met", "is_timely_response"}},
    "zendesk": {"mart_case": {"is_sla_met", "is_timely_response"}},
}
# Three-valued, and less known where something above is not recorded: NULL, or the same.
LESS_KNOWN = {
    "asterisk": {
        "mart_contact": {"queue_wait_seconds", "queue_outcome"},  # calls that were dialled left no queue
        "mart_journey": {"hold_seconds"},
    },
    "salesforce": {"mart_journey": {"is_sla_missed", "is_reopened"}},
    "servicenow": {"mart_journey": {"is_sla_missed"}},
    "zendesk": {"mart_journey": {"is_sla_missed"}},
}
# What this system knows sooner: the breach of a target that still runs, where the plain feeds wait for its end.
TRUE_SOONER = {
    "servicenow": {"mart_journey": {"is_sla_missed"}},
    "zendesk": {"mart_journey": {"is_sla_missed"}},
}
# A maximum, count or share of what is known: NULL, or at most as much.
PARTLY_KNOWN = {
    "asterisk": {
        "mart_journey": {"max_wait_seconds"},
        "mart_routing_audit": {"misroute_probable_share"},  # a talk that includes the hold is longer
    },
    "zendesk": {"mart_journey": {"n_reasks", "effort_index"}},  # messages without a ticket are elsewhere
}
KEYS = {
    "mart_contact": "started_at, channel, direction",
    "mart_journey": "started_at, first_channel, reason",
    "mart_routing_audit": "entry_point, reason, first_queue_group, window_type, window_start",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Exports of each pair, and what happened in each centre."""
    place = tmp_path_factory.mktemp("pairs")
    for name, (telephony, crm) in {PLAIN: ("plain", "plain"), **PAIRS}.items():
        simulate(place, name, SCENARIO, telephony, crm, "--seed", 3)
    return place


@pytest.fixture(scope="module")
def line(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    done = run(place / "sources", place / "exports", tmp_path_factory.mktemp("home"))
    assert done.code == 0, done.output
    return done


def test_every_row_lands(line: Run) -> None:
    assert "; 0 rows quarantined" in line.output


def test_the_keys_of_the_tables_below_the_marts_hold(line: Run, tmp_path: Path) -> None:
    check_keys(line.home, tmp_path)


def test_no_canary_lands(line: Run) -> None:
    check_no_canary_lands(line)


def beyond(pair: str, columns_of: dict[str, dict[str, set[str]]], mart: str) -> set[str]:
    """Columns of a mart that one of a pair's systems is listed with."""
    return {column for system in PAIRS[pair] for column in columns_of.get(system, {}).get(mart, set())}


def columns(line: Run, mart: str, *without: set[str]) -> list[str]:
    names = [str(row[0]) for row in line.rows(f"DESCRIBE {mart}")]
    return [name for name in names if not any(name in left_out for left_out in without)]


@pytest.mark.parametrize("mart", OF_THE_SOURCE)
@pytest.mark.parametrize("pair", PAIRS)
def test_the_marts_are_the_same(line: Run, pair: str, mart: str) -> None:
    listed_apart = (NOT_RECORDED, RECORDED_BEYOND, LESS_KNOWN, PARTLY_KNOWN)
    left_out = set[str]().union(*(beyond(pair, columns_of, mart) for columns_of in listed_apart))
    left_out |= NEVER_TRUE.get(mart, set())
    compared = columns(line, mart, OF_THE_SOURCE[mart], left_out)
    together = {k: v for one in PAIRS[pair] for k, v in RECORDED_TOGETHER.get(one, {}).get(mart, {}).items()}
    listed = {
        PLAIN: ", ".join(together.get(name, f'"{name}"') for name in compared),
        pair: ", ".join(f'"{name}"' for name in compared),
    }
    where = "".join(f" AND {COMPARED_ROWS.get(one, {}).get(mart, 'true')}" for one in PAIRS[pair])
    rows = {
        centre: f"SELECT {listed[centre]} FROM {mart} WHERE centre = '{centre}'{where}" for centre in listed
    }
    n_rows = line.one(f"SELECT count(*) FROM ({rows[PLAIN]})")
    assert isinstance(n_rows, int)
    assert n_rows > 50
    assert line.one(f"SELECT count(*) FROM ({rows[pair]})") == n_rows
    differing = line.rows(f"{rows[PLAIN]} EXCEPT ALL {rows[pair]} LIMIT 3")
    other = line.rows(f"{rows[pair]} EXCEPT ALL {rows[PLAIN]} LIMIT 3")
    assert (differing, other) == ([], []), compared


def test_what_never_happens_is_true_of_nobody(line: Run) -> None:
    for mart, names in NEVER_TRUE.items():
        for name in names:
            assert line.one(f"SELECT count(*) FROM {mart} WHERE {name}") == 0, name


@pytest.mark.parametrize("pair", PAIRS)
def test_what_is_not_recorded_is_unknown(line: Run, pair: str) -> None:
    for mart in OF_THE_SOURCE:
        for system in PAIRS[pair]:
            where = RELEVANT_ROWS.get(system, {}).get(mart, "true")
            for column in NOT_RECORDED.get(system, {}).get(mart, set()):
                n_filled = f"SELECT count({column}) FROM {mart} WHERE {where} AND centre ="
                assert line.one(f"{n_filled} '{pair}'") == 0, column
                assert line.one(f"{n_filled} '{PLAIN}'") != 0, column
        for column in beyond(pair, RECORDED_BEYOND, mart):
            plain, other = (
                line.rows(f"SELECT count({column}) FROM {mart} WHERE centre = '{centre}'")[0]
                for centre in (PLAIN, pair)
            )
            assert plain < other, column


@pytest.mark.parametrize("pair", PAIRS)
def test_what_is_recorded_beyond_is_never_another_value(line: Run, pair: str) -> None:
    for mart, of_the_source in OF_THE_SOURCE.items():
        names = beyond(pair, RECORDED_BEYOND, mart)
        not_recorded = beyond(pair, NOT_RECORDED, mart)
        listed = ", ".join(columns(line, mart, of_the_source, names, not_recorded))
        for name in names:
            of_both = (
                f"FROM {mart} WHERE centre IN ('{PLAIN}', '{pair}') GROUP BY {listed} "
                "HAVING count(*) = 2 AND count(DISTINCT centre) = 2"
            )
            assert line.one(f"SELECT count(*) FROM (SELECT 1 {of_both} AND count({name}) = 2)") != 0, name
            assert line.rows(f"SELECT {listed} {of_both} AND count(DISTINCT {name}) > 1") == [], name


@pytest.mark.parametrize("pair", PAIRS)
def test_what_is_less_known_is_never_another_value(line: Run, pair: str) -> None:
    for mart in KEYS:
        for name in beyond(pair, LESS_KNOWN, mart):
            sooner = name in beyond(pair, TRUE_SOONER, mart)
            agrees = f"max({name}) FILTER (centre = '{pair}')" if sooner else "false"
            assert matched(line, pair, mart, f"count(DISTINCT {name}) > 1 AND NOT {agrees}") == [], (
                mart,
                name,
            )


@pytest.mark.parametrize("pair", PAIRS)
def test_what_is_partly_known_is_never_more(line: Run, pair: str) -> None:
    for mart in KEYS:
        for name in beyond(pair, PARTLY_KNOWN, mart):
            more = f"max({name}) FILTER (centre = '{pair}') > coalesce(max({name}) FILTER (centre = '{PLAIN}'), -1)"
            assert matched(line, pair, mart, more) == [], (mart, name)


def matched(line: Run, pair: str, mart: str, having: str) -> list[tuple[object, ...]]:
    """Keys of the rows that both centres have once each, and of which a condition on the two is true."""
    return line.rows(
        f"SELECT {KEYS[mart]} FROM {mart} WHERE centre IN ('{PLAIN}', '{pair}') GROUP BY {KEYS[mart]} "
        f"HAVING count(*) = 2 AND count(DISTINCT centre) = 2 AND {having}"
    )


# By definition: which stays in a queue count, and what is taken of them. `waited` are whole seconds.
OF_QUEUES = {
    "M1_queue_offered": ("true", "1"),
    "M2_queue": ("NOT (is_lost AND waited <= 5)", "CAST(is_lost AS INTEGER)"),
    "M3_sl1": ("is_answered OR is_lost", "CAST(waited <= 20 AS INTEGER)"),
    "M3_sl4": ("is_answered OR (is_lost AND waited > 20)", "CAST(is_answered AND waited <= 20 AS INTEGER)"),
    "M4_queue": ("is_answered", "waited"),
}
STAYS = """
    SELECT queue_id, CAST(enqueued_at AS DATE) AS day, answered_at IS NOT NULL AS is_answered,
        CASE WHEN answered_at IS NOT NULL THEN false WHEN is_abandoned OR {is_end_recorded} THEN true END AS is_lost,
        date_diff('second', enqueued_at, coalesce(answered_at, l.ended_at)) AS waited
    FROM '{events}/legs.parquet' AS l JOIN '{events}/contacts.parquet' AS c USING (contact_id)
    WHERE enqueued_at IS NOT NULL AND direction = 'inbound' AND channel = 'voice'
"""


@pytest.mark.parametrize("pair", [PLAIN, *PAIRS])
@pytest.mark.parametrize("definition_id", OF_QUEUES)
def test_waits_of_each_queue_and_day_are_those_that_happened(
    line: Run, place: Path, pair: str, definition_id: str
) -> None:
    """Queues have other ids in other systems; their figures tell them apart. All systems record calls.

    The plain feeds do not say that a customer hung up in a second queue, after an answer in the first.
    """
    counts, value = OF_QUEUES[definition_id]
    events = place / "exports" / pair / "truth" / "events"
    stays = STAYS.format(events=events, is_end_recorded="true" if pair in PAIRS else "false")
    happened = duckdb.sql(
        f"SELECT day, coalesce(sum({value}), 0)::DOUBLE, count({value})::DOUBLE FROM ({stays}) WHERE {counts} "
        f"GROUP BY queue_id, day HAVING count({value}) > 0 ORDER BY ALL"
    ).fetchall()
    shown = line.rows(
        "SELECT day, numerator, coalesce(denominator, numerator) FROM mart_metric_daily "
        f"WHERE centre = '{pair}' AND definition_id = '{definition_id}' AND dimension = 'queue' "
        "AND value IN (SELECT queue_id FROM dim_queue WHERE centre = mart_metric_daily.centre AND channel = 'voice') "
        "AND coalesce(denominator, numerator) > 0 ORDER BY ALL"
    )
    assert happened
    assert shown == happened


# Legs that agents answered, against the route of their reason and the skills that their agents had.
ROUTED_LEGS = """
    SELECT CAST(c.started_at AS DATE) AS day, q.queue_group, q.queue_group <> x.expected_queue_group AND NOT EXISTS (
        SELECT 1 FROM '{events}/agent_skills.parquet' AS s WHERE s.agent_id = a.agent_id AND s.skill = x.required_skill
            AND coalesce(s.valid_from <= l.started_at, true) AND coalesce(s.valid_to > l.started_at, true)
    ) AS is_misroute
    FROM '{events}/contacts.parquet' AS c
    JOIN '{events}/legs.parquet' AS l USING (contact_id)
    JOIN '{events}/queues.parquet' AS q USING (queue_id)
    JOIN '{events}/agents.parquet' AS a ON a.telephony_id = l.agent_id
    JOIN '{events}/routing_expectations.parquet' AS x ON x.reason = coalesce(c.reason_close, c.reason_entry)
    WHERE c.direction = 'inbound' AND l.answered_at IS NOT NULL AND NOT q.is_triage AND q.tier = 1
"""
# Contacts after which the customer, whoever called, came back for the reason that agents recorded.
REPEATED_CONTACTS = """
    WITH began AS (
        SELECT i.customer_id, c.started_at, coalesce(c.reason_close, c.reason_entry) AS reason
        FROM '{events}/contacts.parquet' AS c JOIN '{events}/issues.parquet' AS i USING (issue_id)
        WHERE c.direction = 'inbound'
    )
    SELECT count(*) FILTER (EXISTS (
        SELECT 1 FROM began AS b WHERE b.customer_id = a.customer_id AND b.started_at > a.started_at
            AND b.started_at <= a.started_at + INTERVAL 14 DAY AND b.reason = a.reason
    )) FROM began AS a WHERE a.started_at + INTERVAL 14 DAY <= (SELECT max(started_at) FROM began)
"""


@pytest.mark.parametrize("pair", [PLAIN, *PAIRS])
def test_misroutes_of_each_queue_group_and_day_are_those_that_happened(
    line: Run, place: Path, pair: str
) -> None:
    legs = ROUTED_LEGS.format(events=place / "exports" / pair / "truth" / "events")
    happened = duckdb.sql(
        "SELECT queue_group, day, count(*) FILTER (is_misroute)::DOUBLE, count(*)::DOUBLE "
        f"FROM ({legs}) GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    shown = line.rows(
        "SELECT value, day, numerator, denominator FROM mart_metric_daily WHERE definition_id = 'M9s' "
        f"AND centre = '{pair}' AND dimension = 'queue_group' AND denominator > 0 ORDER BY ALL"
    )
    assert happened
    assert shown == happened


@pytest.mark.parametrize("pair", [PLAIN, *PAIRS])
def test_repeat_contacts_are_those_that_happened(line: Run, place: Path, pair: str) -> None:
    """Who called is matched, and may be somebody else or nobody for a few; the bounds enclose the truth."""
    events = place / "exports" / pair / "truth" / "events"
    happened = duckdb.sql(REPEATED_CONTACTS.format(events=events)).fetchall()[0][0]
    known, undecidable = line.rows(
        "SELECT sum(numerator), sum(n_undecidable) FROM mart_metric_daily "
        f"WHERE definition_id = 'M11' AND centre = '{pair}' AND dimension = 'all'"
    )[0]
    assert happened > 50
    assert known - 2 <= happened <= known + undecidable + 2
