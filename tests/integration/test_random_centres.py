"""Whatever a customer can export publishes: no value, and no subset of sources and files, fails one of our own tests.

`FAULTLINE_CENTRES=300 .venv/bin/python -m pytest tests/integration/test_random_centres.py` runs 300 centres. Each
failure prints the seeds of its run; `FAULTLINE_CENTRE_SEEDS=17,21` runs those.
"""

import os
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest

from tests.integration import random_centres
from tests.integration.conftest import Run, faultline, run
from tests.integration.random_centres import Exports

SEEDS = [int(s) for s in os.environ.get("FAULTLINE_CENTRE_SEEDS", "").split(",") if s] or list(
    range(int(os.environ.get("FAULTLINE_CENTRES", "10")))
)
PER_RUN = int(os.environ.get("FAULTLINE_CENTRES_PER_RUN", "30"))
N_CONTACTS, N_DAYS = 500, 60


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Exports]:
    """Exports of a pair of vendors, simulated when a centre first asks for them."""
    made: dict[int, Exports] = {}

    def exports(number: int) -> Exports:
        if number not in made:
            telephony, crm = random_centres.PAIRS[number]
            folder = tmp_path_factory.mktemp("simulated") / telephony
            done = faultline(
                "simulate", folder, "--telephony", telephony, "--crm", crm, "--seed", number,
                "--contacts", N_CONTACTS, "--days", N_DAYS, "--every", 30,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            made[number] = random_centres.read(folder)
        return made[number]

    return exports


@pytest.mark.parametrize(
    "seeds",
    [SEEDS[first : first + PER_RUN] for first in range(0, len(SEEDS), PER_RUN)],
    ids=lambda seeds: f"seeds {seeds[0]} to {seeds[-1]}",
)
def test_random_centres_publish(
    seeds: list[int], tmp_path: Path, simulated: Callable[[int], Exports]
) -> None:
    """Centres share nothing, so a run of many is many runs of one."""
    sources, exports = tmp_path / "sources", tmp_path / "exports"
    sources.mkdir()
    exports.mkdir()
    names = {
        name: f"c{seed}" for seed in seeds for name in random_centres.write(seed, sources, exports, simulated)
    }
    home = tmp_path / "home"
    finished = faultline("run", "--sources", sources, "--exports", exports, "--home", home, timeout=3600)
    done = Run(home, finished.returncode, finished.stdout + finished.stderr)
    assert done.code == 0, f"seeds {seeds}:\n{done.output}"
    assert "Traceback" not in done.output
    assert_whole(done, names)


def assert_whole(done: Run, sources: dict[str, str]) -> None:
    """Every mart can be read, nothing is lost, each source has its blind spots, and the page is harmless."""
    with duckdb.connect(str(done.marts), read_only=True) as connection:
        tables = [row[0] for row in connection.execute("SHOW TABLES").fetchall()]
        assert "mart_unknown_word" in tables
        for table in tables:
            rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()
            parquet = done.home / "published" / "parquet" / f"{table}.parquet"
            assert len(connection.execute(f"SELECT * FROM '{parquet}'").fetchall()) == len(rows)
    spots = "SELECT source_instance, any_value(centre), count(DISTINCT blind_spot_id) FROM mart_blind_spot GROUP BY 1"
    registered = done.one("SELECT count(*) FROM blind_spots")
    assert sorted(done.rows(spots)) == sorted((name, centre, registered) for name, centre in sources.items())
    # Strange values are a finding, never a broken judge.
    assert done.rows("SELECT * FROM mart_blind_spot WHERE status = 'errored'") == []
    with duckdb.connect(str(done.home / "warehouse.duckdb"), read_only=True) as connection:
        lost = connection.execute(
            "SELECT source_instance, entity, n_read, n_landed, n_filtered, n_quarantined FROM raw_faultline.deliveries "
            "WHERE status = 'landed' AND n_read > n_landed + n_filtered + n_quarantined"
        ).fetchall()
    assert lost == []
    page = (done.home / "published" / "report" / "index.html").read_text(encoding="utf-8")
    assert random_centres.MARK not in page
    assert "<script>alert" not in page
    HTMLParser().feed(page)


UNDATED = {
    "list": ("agents", "id,team\nA1,T1\nA2,T2\n"),
    "header": ("cases", "id,opened,state\n"),
    "refused": ("cases", "foo,bar\n1,2\n"),
    "quarantined": ("cases", "id,opened,state\n1,xx,open\n2,yy,open\n"),
    "empty": ("cases", ""),
}
FIELDS = {
    "agents": "        agent_id: id\n        team_id: team\n",
    "cases": "        case_id: id\n        opened_at: opened\n        status: state\n",
}


def _source(name: str, entity: str) -> str:
    return (
        f"source: {name}\ncentre: {name}\ntime_zone: UTC\nfiles:\n  all:\n    glob: {name}.csv\n"
        f"    feeds:\n      {entity}:\n{FIELDS[entity]}"
    )


@pytest.fixture(scope="module")
def undated(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Centres without a dated row, run once."""
    root = tmp_path_factory.mktemp("undated")
    (root / "sources").mkdir()
    (root / "exports").mkdir()
    for name, (entity, text) in UNDATED.items():
        (root / "sources" / f"{name}.yml").write_text(_source(name, entity), encoding="utf-8")
        (root / "exports" / f"{name}.csv").write_text(text, encoding="utf-8")
    (root / "sources" / "absent.yml").write_text(_source("absent", "cases"), encoding="utf-8")
    words = "id,opened,state\n1,2024-01-01 10:00:00,In progress\n2,2024-01-01 11:00:00,ON-HOLD\n"
    (root / "sources" / "words.yml").write_text(_source("words", "cases"), encoding="utf-8")
    (root / "exports" / "words.csv").write_text(words, encoding="utf-8")
    done = run(root / "sources", root / "exports", root / "home")
    assert done.code == 0, done.output
    return done


def test_centres_without_a_dated_row_publish_with_their_blind_spots(undated: Run) -> None:
    assert_whole(undated, {name: name for name in (*UNDATED, "absent", "words")})
    days = "SELECT DISTINCT centre FROM mart_source_health WHERE day IS NULL ORDER BY 1"
    assert undated.rows(days) == [(name,) for name in sorted((*UNDATED, "absent"))]
    starts = "SELECT DISTINCT centre FROM mart_blind_spot WHERE window_start IS NULL"
    assert undated.rows(starts) == [("absent",)]


def test_what_was_refused_makes_a_centre_without_rows_blind(undated: Run) -> None:
    blind = (
        "SELECT centre, affected_n FROM mart_blind_spot WHERE blind_spot_id = 'BS44' AND status = 'blind' "
        "AND scope_type = 'source' AND window_type = 'span' ORDER BY 1"
    )
    assert undated.rows(blind) == [("empty", 1), ("quarantined", 2), ("refused", 1)]


def test_a_word_outside_the_vocabulary_is_kept_counted_and_named(undated: Run) -> None:
    assert undated.rows("SELECT case_id, status FROM mart_case ORDER BY 1") == [
        ("1", "In progress"),
        ("2", "on_hold"),
    ]
    assert undated.rows("SELECT source_instance, entity, field, word, n_rows FROM mart_unknown_word") == [
        ("words", "cases", "status", "In progress", 1)
    ]
    assert "words: cases.status holds words outside the vocabulary in 1 row" in " ".join(
        undated.output.split()
    )


def test_a_home_whose_only_source_has_no_file_yet_publishes(tmp_path: Path) -> None:
    """Then every mart of events is empty, and so is each chart."""
    (tmp_path / "sources").mkdir()
    (tmp_path / "exports").mkdir()
    (tmp_path / "sources" / "absent.yml").write_text(_source("absent", "cases"), encoding="utf-8")
    done = run(tmp_path / "sources", tmp_path / "exports", tmp_path / "home")
    assert done.code == 0, done.output
    assert_whole(done, {"absent": "absent"})
