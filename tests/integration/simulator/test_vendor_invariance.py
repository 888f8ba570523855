"""The same centre, told by different systems, gives the same marts.

All pairs are centres of one run. Ids, instances and hashes differ from system to system, so rows are compared
without them, as often as they come. What a vendor cannot record is listed here, and must be NULL then.
"""

from pathlib import Path

import pytest
import yaml

from tests.integration.conftest import Run, faultline, run
from tests.integration.simulator.privacy import check_no_canary_leaves_the_raw_zone

pytestmark = pytest.mark.integration

PAIRS = {
    "connect_salesforce": ("amazon_connect", "salesforce"),
    "plain_zendesk": ("plain", "zendesk"),
}
PLAIN = "plain_feeds"
SCENARIO = {
    "about": "One centre, as several systems tell of it.",
    "extends": "demo",
    "centre": {"days": 62, "contacts": 2_500, "teams": 8, "queues": 26, "reasons": 24},
}
# By mart: what tells of ids, or of the moment that a source happens to reach up to.
OF_THE_SOURCE = {
    "mart_contact": {
        "centre", "source_instance", "contact_id", "chain_id", "customer_id", "ani", "case_id",
        "recorded_case_id", "case_source_instance", "recorded_case_source_instance", "journey_id",
    },
    "mart_case": {"centre", "source_instance", "case_id", "customer_id", "journey_id", "owner_id", "open_hours",
                  "parent_case_id"},
    "mart_journey": {"centre", "source_instance", "journey_id", "customer_id", "ended_at"},
    "mart_journey_event": {
        "centre", "source_instance", "journey_id", "source_key", "event_seq", "gap_seconds",
    },
    "mart_routing_audit": {"centre"},
    "mart_qa_coverage": {"centre"},
}  # fmt: skip
# What a system does not record, by system and mart.
NOT_RECORDED = {
    "amazon_connect": {
        "mart_contact": {"n_transfers_blind", "n_transfers_consult"},
        "mart_routing_audit": {"cold_share"},
    },
    "salesforce": {
        "mart_case": {"vendor_reopen_count", "vendor_reassignment_count", "is_timely_response"},
    },
    "zendesk": {"mart_case": {"is_knowledge_used"}},
}
# What this system records of more rows than the plain feeds do: Zendesk tells of a breach while the case is open.
RECORDED_BEYOND = {
    "salesforce": {"mart_case": {"is_knowledge_used"}},
    "zendesk": {"mart_case": {"is_sla_met", "is_timely_response"}, "mart_journey": {"is_sla_missed"}},
}
# Three-valued, and less known where something above is not recorded: NULL, or the same.
LESS_KNOWN = {"mart_journey": {"is_sla_missed", "is_reopened"}}


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Run:
    place = tmp_path_factory.mktemp("pairs")
    (place / "sources").mkdir()
    for name, (telephony, crm) in {PLAIN: ("plain", "plain"), **PAIRS}.items():
        scenario = place / f"{name}.yml"
        centre = SCENARIO["centre"] | {"name": name}
        scenario.write_text(yaml.safe_dump(SCENARIO | {"centre": centre}), encoding="utf-8")
        options = ("--scenario", scenario, "--seed", 3, "--every", 7, "--telephony", telephony, "--crm", crm)
        done = faultline("simulate", place / "exports" / name, *options)
        assert done.returncode == 0, done.stdout + done.stderr
        _move_sources(place, name)
    done = run(place / "sources", place / "exports", tmp_path_factory.mktemp("home"))
    assert done.code == 0, done.output
    return done


def _move_sources(place: Path, name: str) -> None:
    """Puts the source files of one centre beside those of the others, with globs that lead to its exports."""
    for file in (place / "exports" / name / "sources").glob("*.yml"):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        for settings in document["files"].values():
            settings["glob"] = f"{name}/exports/{settings['glob']}"
        text = yaml.safe_dump(document, sort_keys=False)
        (place / "sources" / file.name).write_text(text, encoding="utf-8")


def test_every_row_lands(line: Run) -> None:
    assert "; 0 rows quarantined" in line.output


def test_no_canary_leaves_the_raw_zone(line: Run) -> None:
    check_no_canary_leaves_the_raw_zone(line)


def beyond(pair: str, told: dict[str, dict[str, set[str]]], mart: str) -> set[str]:
    """Columns of a mart that one of a pair's systems is listed with."""
    return {column for system in PAIRS[pair] for column in told.get(system, {}).get(mart, set())}


def columns(line: Run, mart: str, *without: set[str]) -> list[str]:
    names = [str(row[0]) for row in line.rows(f"DESCRIBE {mart}")]
    return [name for name in names if not any(name in left_out for left_out in without)]


@pytest.mark.parametrize("mart", OF_THE_SOURCE)
@pytest.mark.parametrize("pair", PAIRS)
def test_the_marts_are_the_same(line: Run, pair: str, mart: str) -> None:
    left_out = beyond(pair, NOT_RECORDED, mart) | beyond(pair, RECORDED_BEYOND, mart)
    compared = columns(line, mart, OF_THE_SOURCE[mart], left_out, LESS_KNOWN.get(mart, set()))
    listed = ", ".join(f'"{name}"' for name in compared)
    rows = {centre: f"SELECT {listed} FROM {mart} WHERE centre = '{centre}'" for centre in (PLAIN, pair)}
    n_rows = line.one(f"SELECT count(*) FROM ({rows[PLAIN]})")
    assert isinstance(n_rows, int)
    assert n_rows > 50
    assert line.one(f"SELECT count(*) FROM ({rows[pair]})") == n_rows
    differing = line.rows(f"{rows[PLAIN]} EXCEPT ALL {rows[pair]} LIMIT 3")
    other = line.rows(f"{rows[pair]} EXCEPT ALL {rows[PLAIN]} LIMIT 3")
    assert (differing, other) == ([], []), compared


@pytest.mark.parametrize("pair", PAIRS)
def test_what_is_not_recorded_is_unknown(line: Run, pair: str) -> None:
    moved = {"mart_contact": "coalesce(n_transfers, 0) > 0", "mart_routing_audit": "n_transferred > 0"}
    for mart in OF_THE_SOURCE:
        for column in beyond(pair, NOT_RECORDED, mart):
            told = f"SELECT count({column}) FROM {mart} WHERE {moved.get(mart, 'true')} AND centre ="
            assert line.one(f"{told} '{pair}'") == 0, column
            assert line.one(f"{told} '{PLAIN}'") != 0, column
        for column in beyond(pair, RECORDED_BEYOND, mart):
            plain, other = (
                line.rows(f"SELECT count({column}) FROM {mart} WHERE centre = '{centre}'")[0]
                for centre in (PLAIN, pair)
            )
            assert plain < other, column


@pytest.mark.parametrize("pair", PAIRS)
def test_what_is_less_known_is_never_another_value(line: Run, pair: str) -> None:
    keys = {"mart_journey": "started_at, first_channel, reason"}
    for mart, names in LESS_KNOWN.items():
        for name in names - beyond(pair, RECORDED_BEYOND, mart):
            wrong = line.rows(
                f"SELECT {keys[mart]} FROM {mart} WHERE centre IN ('{PLAIN}', '{pair}') GROUP BY ALL "
                f"HAVING count(*) = 2 AND count(DISTINCT centre) = 2 AND count(DISTINCT {name}) > 1"
            )
            assert wrong == [], (mart, name)
