"""Copies of a centre: the same structure with new ids, as CSV or, when it gets large, as Parquet."""

import io
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from orchestration import settings
from orchestration.onboarding.check import source_check
from seeds.simulator import deliver as delivering
from seeds.simulator.exports import plain
from seeds.simulator.scenario import Centre, Scenario
from seeds.simulator.simulation import simulate

CENTRE = Centre(days=14, teams=5, queues=15, reasons=6, contacts=1_500)
COPIES = 3


def written(out: Path, copies: int) -> Path:
    made = simulate(Scenario(about="test", centre=CENTRE), 1, plain.VENDOR, plain.VENDOR)
    delivering.deliver(
        made, 1, out, telephony=plain.VENDOR, crm=plain.VENDOR, copies=copies, period=7, report=lambda _: None
    )
    return out


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("single"), 1)


@pytest.fixture(scope="module", params=["csv", "parquet"])
def scaled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "parquet":
            patch.setattr(delivering, "BULK_CONTACTS", 1_000)
        return written(tmp_path_factory.mktemp("scaled"), COPIES), request.param


def rows(query: str) -> list[tuple]:
    return duckdb.sql(query).fetchall()


def table(out: Path, name: str, kind: str) -> str:
    files = sorted((out / "exports").rglob(f"{name}.{kind}"))
    return f"read_{kind}([{', '.join(repr(str(file)) for file in files)}])"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("contacts", "contact_id"),
        ("legs", "(contact_id, leg_seq)"),
        ("customers", "customer_id"),
        ("agents", "agent_id"),
        ("notes", "note_id"),
        ("usage", "usage_id"),
        ("risk_scores", "(customer_id, scored_at)"),
    ],
)
def test_every_row_comes_once_per_copy_with_an_id_of_its_own(
    single: Path, scaled: tuple[Path, str], name: str, key: str
) -> None:
    out, kind = scaled
    n, n_keys = rows(f"SELECT count(*), count(DISTINCT {key}) FROM {table(out, name, kind)}")[0]
    assert n == n_keys == COPIES * rows(f"SELECT count(*) FROM {table(single, name, 'csv')}")[0][0] > 0


def test_references_stay_within_their_copy(scaled: tuple[Path, str]) -> None:
    out, kind = scaled
    contacts, legs, agents = (table(out, name, kind) for name in ("contacts", "legs", "agents"))
    lost = (
        f"SELECT count(*) FROM {legs} l LEFT JOIN {contacts} c USING (contact_id) WHERE c.contact_id IS NULL"
    )
    assert rows(lost) == [(0,)]
    unknown = f"{legs} WHERE agent_id IS NOT NULL AND agent_id NOT IN (SELECT telephony_id FROM {agents})"
    assert rows(f"SELECT count(*) FROM {unknown}") == [(0,)]


def test_numbers_and_addresses_belong_to_one_copy(scaled: tuple[Path, str]) -> None:
    out, kind = scaled
    found = rows(f"SELECT phones, emails FROM {table(out, 'customers', kind)}")
    assert len({emails for _, emails in found}) == len(found)
    # One customer in fifty shares the number of another one of the same copy.
    assert len({phones for phones, _ in found}) > 0.9 * len(found)


def test_what_has_no_id_of_its_own_is_shared(single: Path, scaled: tuple[Path, str]) -> None:
    out, kind = scaled
    for name in ("routing_expectations", "escalation_policy"):
        assert rows(f"SELECT count(*) FROM {table(out, name, kind)}") == rows(
            f"SELECT count(*) FROM {table(single, name, 'csv')}"
        )


def test_the_source_files_fit(scaled: tuple[Path, str], tmp_path: Path) -> None:
    out, _ = scaled
    output = io.StringIO()
    config = settings.load(sources=out / "sources", exports=out / "exports", home=tmp_path)
    assert source_check.check(config, Console(file=output, width=100)), output.getvalue()
