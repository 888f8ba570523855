"""A telephony that knows neither customers nor cases: who called is found by number and address, and it is right."""

import hashlib
import hmac
from pathlib import Path

import duckdb
import pytest
import yaml

from orchestration.landing.people import hashing
from seeds.simulator.centre.world import CANARY_CUSTOMER, CANARY_NAME, CANARY_PHONE
from tests.integration.conftest import Run, faultline, run
from tests.integration.simulator.privacy import check_no_canary_lands

pytestmark = pytest.mark.integration

CENTRE = "nameless"
SCENARIO = {
    "about": "Contacts come with a number or an address, and nothing else that names anybody.",
    "centre": {
        "days": 42,
        "contacts": 5_000,
        "teams": 6,
        "queues": 20,
        "reasons": 12,
        "escalation_rate": 0.03,
        "name": CENTRE,
    },
    "without": ["contacts.customer_id", "contacts.case_id"],
}
# Numbers and names that a row brings to quarantine must not get there either.
SPOILED = {
    "crm": f"{CANARY_CUSTOMER}-8888888,,,,,{CANARY_PHONE}88888,,,,no day of {CANARY_NAME},{CANARY_NAME} Q",
    "telephony": f"C-1,C-1,voice,inbound,{CANARY_NAME},,{CANARY_CUSTOMER}-8888888,{CANARY_PHONE}88888"
    + "," * 10,
}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("nameless")
    scenario = place / "nameless.yml"
    scenario.write_text(yaml.safe_dump(SCENARIO), encoding="utf-8")
    out = place / "out"
    done = faultline("simulate", out, "--scenario", scenario, "--seed", 5, "--every", 7)
    assert done.returncode == 0, done.stdout + done.stderr
    for domain, table in (("crm", "customers"), ("telephony", "contacts")):
        newest = sorted((out / "exports" / domain).glob(f"*/{table}.csv"))[-1]
        with newest.open("a", encoding="utf-8") as file:
            file.write(SPOILED[domain] + "\n")
    return out


@pytest.fixture(scope="module")
def line(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    done = run(simulated / "sources", simulated / "exports", tmp_path_factory.mktemp("home"))
    assert done.code == 0, done.output
    return done


@pytest.fixture(scope="module")
def happened(simulated: Path, line: Run) -> duckdb.DuckDBPyConnection:
    """What happened (`truth`: contact, its customer as the marts would write it) beside the published marts."""
    connection = duckdb.connect()
    for name in ("contacts", "issues", "customers"):
        file = simulated / "truth" / "events" / f"{name}.parquet"
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM '{file}'")
    merged = dict(
        connection.execute(
            "SELECT customer_id, merged_into FROM customers WHERE merged_into <> ''"
        ).fetchall()
    )
    salt = hashing.load_salt(line.home / "state")

    def published(customer: str) -> str:
        while customer in merged:
            customer = merged[customer]
        message = f"customer:{CENTRE}:{customer}".encode()
        return hmac.new(salt, message, hashlib.sha256).hexdigest()[: hashing.HASH_LENGTH]

    ids = [one for (one,) in connection.execute("SELECT customer_id FROM customers").fetchall()]
    connection.execute("CREATE TABLE ids (customer_id VARCHAR, published VARCHAR)")
    connection.executemany("INSERT INTO ids VALUES (?, ?)", [(one, published(one)) for one in ids])
    connection.execute(f"ATTACH '{line.marts}' AS marts (READ_ONLY)")
    connection.execute(
        "CREATE VIEW truth AS SELECT c.contact_id, c.ani, c.issue_id, m.*, i.published AS true_id "
        "FROM marts.mart_contact AS m JOIN contacts AS c USING (contact_id) "
        "JOIN issues USING (issue_id) JOIN ids AS i ON i.customer_id = issues.customer_id"
    )
    return connection


def shares(happened: duckdb.DuckDBPyConnection, where: str) -> tuple[int, float, float]:
    """Contacts, precision (of those linked) and recall (of all)."""
    n, linked, right = happened.execute(
        "SELECT count(*), count(customer_id), count(*) FILTER (customer_id = true_id) "
        f"FROM truth WHERE {where}"
    ).fetchall()[0]
    return n, right / max(1, linked), right / n


@pytest.mark.parametrize(
    ("whose", "n_min", "precision_min", "recall_min"),
    [
        ("true", 4_500, 0.995, 0.97),
        ("customer_link_method = 'phone'", 2_000, 0.999, 0.999),
        ("customer_link_method = 'email'", 1_500, 0.999, 0.999),
        # What the confidence of a shared number promises, and more.
        ("n_customers_sharing BETWEEN 2 AND 5", 40, 0.9, 0.6),
    ],
)
def test_who_called_is_found(
    happened: duckdb.DuckDBPyConnection, whose: str, n_min: int, precision_min: float, recall_min: float
) -> None:
    n, precision, recall = shares(happened, whose)
    assert n >= n_min
    assert precision >= precision_min
    assert recall >= recall_min


def test_nobody_is_found_by_what_names_nobody(happened: duckdb.DuckDBPyConnection) -> None:
    n, _, recall = shares(happened, "ani = 'anonymous'")
    assert n > 20
    assert recall == 0


def test_journeys_hold_without_a_single_id(happened: duckdb.DuckDBPyConnection) -> None:
    n, n_whole = happened.execute(
        "SELECT count(*), count(*) FILTER (n_journeys = 1) FROM "
        "(SELECT issue_id, count(DISTINCT journey_id) AS n_journeys FROM truth GROUP BY 1 HAVING count(*) > 1)"
    ).fetchall()[0]
    assert n > 300
    assert n_whole / n > 0.85
    doubtful = "SELECT count(*) FROM marts.mart_journey WHERE link_confidence_min = 0.7"
    assert happened.execute(doubtful).fetchall()[0][0] > 0


def test_merged_customers_are_the_one_that_survives(happened: duckdb.DuckDBPyConnection) -> None:
    """In the map of identifiers and on every item. Customers with an account number stand in the map, too."""
    mapped = set(
        happened.execute(
            "SELECT customer_id FROM marts.dim_identity_map WHERE identifier_kind = 'customer_id'"
        ).fetchall()
    )
    surviving = set(
        happened.execute(
            "SELECT i.published FROM customers AS c JOIN ids AS i USING (customer_id) "
            "WHERE c.merged_into IN (SELECT customer_id FROM customers) OR len(c.other_ids) > 0"
        ).fetchall()
    )
    assert surviving
    assert mapped == surviving
    gone = (
        "SELECT identifier FROM marts.dim_identity_map WHERE identifier_kind = 'customer_id' INTERSECT "
        "(SELECT customer_id FROM marts.mart_contact UNION SELECT customer_id FROM marts.mart_case)"
    )
    assert happened.execute(gone).fetchall() == []


def test_match_rates_are_published(happened: duckdb.DuckDBPyConnection) -> None:
    expected = happened.execute(
        "SELECT sum(n_contacts), sum(n_matched), sum(n_by_phone), sum(n_by_email), sum(n_by_shared_phone), "
        "sum(n_ambiguous), max(largest_collision) FROM marts.mart_identity_match"
    ).fetchall()
    counted = happened.execute(
        "SELECT count(*), count(customer_id), count(*) FILTER (customer_link_method = 'phone'), "
        "count(*) FILTER (customer_link_method = 'email'), "
        "count(*) FILTER (customer_link_method = 'shared_phone'), "
        "count(*) FILTER (n_customers_sharing > 1), max(n_customers_sharing) FROM marts.mart_contact"
    ).fetchall()
    assert expected == counted
    busiest = happened.execute(
        "SELECT hour_of_day FROM marts.mart_identity_match WHERE channel = 'voice' ORDER BY n_contacts DESC LIMIT 1"
    ).fetchall()[0][0]
    assert 6 <= busiest <= 18


@pytest.mark.parametrize("blind_spot", ["BS40", "BS41"])
def test_what_numbers_cannot_decide_is_measured(happened: duckdb.DuckDBPyConnection, blind_spot: str) -> None:
    affected, total = happened.execute(
        "SELECT affected_n, total_n FROM marts.mart_blind_spot WHERE scope_type = 'source' "
        f"AND window_type = 'span' AND blind_spot_id = '{blind_spot}' AND source_instance LIKE '%telephony'"
    ).fetchall()[0]
    assert 0 < affected < 0.1 * total


def test_nothing_private_lands_though_rows_are_spoiled(line: Run) -> None:
    assert "; 2 rows quarantined" in line.output
    check_no_canary_lands(line, "quarantine")
