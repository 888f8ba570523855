"""A publication is whole, repeatable and swapped in at once, or it is not there."""

import json
import os
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.base import engine
from orchestration.base.engine import Limits
from orchestration.publish import publication, state
from orchestration.publish.publication import About, Publication, PublishError, current
from orchestration.report import page
from orchestration.settings import Home
from tests.unit.report.fake_marts import FORMULA, HOSTILE, create_tables, fill_tables

# DuckDB writes the number of its storage format behind the magic word; 64 is that of v1.0.0.
STORAGE_NUMBER_AT = 12
STORAGE_NUMBER_V1_0_0 = 64


def publish(
    warehouse: Path,
    home: Path,
    label: str,
    limits: Limits = engine.SMALL,
    inputs: str = "inputs",
    documentation: Path | None = None,
) -> Publication:
    """Publishes as of a fixed moment."""
    about = About(label, datetime(2026, 1, 31, 18), datetime(2026, 1, 30, 12, 5), "1.2.3+abc", inputs)
    return publication.publish(warehouse, home, about, limits=limits, documentation=documentation)


@pytest.fixture
def _plain_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that costs no second, where it does not matter."""
    monkeypatch.setattr(page, "render", lambda _marts, target, _limits: target.write_text("page"))


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """A warehouse with marts, a dimension as a view, registries and tables of no concern."""
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        create_tables(connection, schema="marts", registries="reference")
        fill_tables(connection, schema="marts", registries="reference")
        connection.execute("create schema internal")
        connection.execute("create table internal.teams as select 'b' as team union all select 'a'")
        connection.execute('create view marts.dim_team as select * from "warehouse".internal.teams')
        connection.execute("create table marts.fct_case as select 1 as case_id")
        connection.execute("create table internal.mart_hidden as select 1 as case_id")
        connection.execute("create view reference.stages as select * from (values (2), (1)) t(n)")
        connection.execute("comment on table marts.mart_case is 'One row per case; it''s whole.'")
        connection.execute("comment on view marts.dim_team is 'One row per team.'")
        connection.execute("comment on column marts.mart_case.case_id is 'Key; \"quoted\".'")
    return path


def _read(path: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def _pairs(path: Path, query: str) -> list[tuple[str, str]]:
    return [(str(left), str(right)) for left, right in _read(path, query)]


def _fail(_marts: Path, target: Path, _limits: Limits) -> None:
    target.write_text("half a page", encoding="utf-8")
    raise RuntimeError("no page today")


def test_publishing_keeps_to_the_limits_it_is_given(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it, sorting the marts would take most of the memory and all cores of the machine."""
    asked = "select current_setting('memory_limit'), current_setting('threads'), current_setting('TimeZone')"
    seen = set()
    copy = publication._copy

    def spy(connection: duckdb.DuckDBPyConnection, *arguments: object) -> int:
        seen.update(connection.execute(asked).fetchall())
        return copy(connection, *arguments)

    monkeypatch.setattr(publication, "_copy", spy)
    done = publish(warehouse, tmp_path / "home", "run-1", limits=Limits("300MiB", threads=1))
    assert seen == {("300.0 MiB", 1, "UTC")}
    assert not (done.path / ".spill").exists()


def test_publishes_marts_dimensions_and_registries_only(warehouse: Path, tmp_path: Path) -> None:
    result = publish(warehouse, tmp_path / "home", "run-1")

    names = {name for (name,) in _read(result.path / "marts.duckdb", "from (show tables)")}
    assert names == set(result.rows)
    assert {"mart_case", "dim_team", "stages", "blind_spots", "heatmap_metrics"} <= names
    assert not names & {"fct_case", "mart_hidden", "teams"}
    assert result.rows["mart_case"] == 1234
    assert result.rows["dim_team"] == 2
    assert {file.stem for file in (result.path / "parquet").iterdir()} == names
    assert (result.path / "report" / "index.html").is_file()
    assert {entry.name for entry in result.path.iterdir()} == {
        "marts.duckdb", "parquet", "report", "publication.json",
    }  # fmt: skip


def test_documentation_is_copied_beside_the_report_page_which_links_to_it(
    warehouse: Path, tmp_path: Path
) -> None:
    link = '<a href="../docs/index.html">'
    without = publish(warehouse, tmp_path / "home", "run-1").path
    assert link not in (without / "report" / "index.html").read_text(encoding="utf-8")
    page = tmp_path / "models.html"
    page.write_text("all tables", encoding="utf-8")
    done = publish(warehouse, tmp_path / "home", "run-2", documentation=page).path
    assert (done / "docs" / "index.html").read_text(encoding="utf-8") == "all tables"
    assert link in (done / "report" / "index.html").read_text(encoding="utf-8")
    assert (
        json.loads((done / "publication.json").read_text(encoding="utf-8"))["files"]["docs/index.html"] == 10
    )


def test_everything_is_a_table_in_an_older_storage_format(warehouse: Path, tmp_path: Path) -> None:
    marts = publish(warehouse, tmp_path / "home", "run-1").path / "marts.duckdb"

    assert _read(marts, "select count(*) from duckdb_views() where not internal") == [(0,)]
    assert _read(marts, "select distinct schema_name from duckdb_tables()") == [("main",)]
    number = marts.read_bytes()[STORAGE_NUMBER_AT : STORAGE_NUMBER_AT + 8]
    assert int.from_bytes(number, "little") == STORAGE_NUMBER_V1_0_0


def test_comments_travel(warehouse: Path, tmp_path: Path) -> None:
    marts = publish(warehouse, tmp_path / "home", "run-1").path / "marts.duckdb"

    tables = dict(_pairs(marts, "select table_name, comment from duckdb_tables()"))
    assert tables["mart_case"] == "One row per case; it's whole."
    assert tables["dim_team"] == "One row per team."
    columns = (
        "select comment from duckdb_columns() where table_name = 'mart_case' and column_name = 'case_id'"
    )
    assert _read(marts, columns) == [('Key; "quoted".',)]


def test_parquet_is_zstd_and_equals_the_table(warehouse: Path, tmp_path: Path) -> None:
    result = publish(warehouse, tmp_path / "home", "run-1")

    file = result.path / "parquet" / "mart_blind_spot.parquet"
    metadata = f"select distinct compression from parquet_metadata('{file}')"
    assert _read(result.path / "marts.duckdb", metadata) == [("ZSTD",)]
    table = _read(result.path / "marts.duckdb", "from mart_blind_spot")
    assert _read(result.path / "marts.duckdb", f"from '{file}'") == table


def test_equal_content_gives_equal_rows_in_equal_order(warehouse: Path, tmp_path: Path) -> None:
    shuffled = tmp_path / "again" / "warehouse.duckdb"
    shuffled.parent.mkdir()
    with duckdb.connect(str(shuffled)) as connection:
        connection.execute(f"attach '{warehouse}' as old (read_only)")
        create_tables(connection, schema="marts", registries="reference")
        for table in ("mart_escalation_heatmap", "mart_blind_spot", "mart_journey", "mart_contact"):
            connection.execute(
                f"insert into marts.{table} select * from old.marts.{table} order by hash({table})"
            )

    first = publish(warehouse, tmp_path / "home", "run-1").path
    second = publish(shuffled, tmp_path / "home", "run-2").path

    for table in ("mart_escalation_heatmap", "mart_blind_spot", "mart_journey", "mart_contact"):
        name = f"parquet/{table}.parquet"
        assert (first / name).read_bytes() == (second / name).read_bytes()
        query = f"from {table}"
        assert _read(first / "marts.duckdb", query) == _read(second / "marts.duckdb", query)


def test_the_same_warehouse_twice_gives_the_same_page(warehouse: Path, tmp_path: Path) -> None:
    first = publish(warehouse, tmp_path / "home", "run-1").path
    second = publish(warehouse, tmp_path / "home", "run-2").path

    page_name = "report/index.html"
    assert (first / page_name).read_bytes() == (second / page_name).read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        'mart_"; drop table marts.mart_case; --',
        "mart_it's",
        "mart_../../../escaped",
        f"mart_{HOSTILE}",
        f"dim_{FORMULA}",
    ],
)
def test_hostile_names_stay_names(warehouse: Path, tmp_path: Path, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(f'create table marts.{quoted} as select 1 as "a""b\'c"')
        connection.execute(f"comment on column marts.{quoted}.\"a\"\"b'c\" is '''; select 1'")
    home = tmp_path / "a 'quoted' home"

    result = publish(warehouse, home, "run-1")

    assert result.rows[name] == 1
    assert result.rows["mart_case"] == 1234
    assert len(list((result.path / "parquet").iterdir())) == len(result.rows)
    assert not list(tmp_path.rglob("escaped*"))


def test_link_is_relative_and_current_follows_it(warehouse: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert current(home) is None

    first = publish(warehouse, home, "run-1")
    assert current(home) == first.path
    assert (home / "published").readlink() == Path("publications/000001-run-1")

    moved = home.rename(tmp_path / "moved")
    assert current(moved) == moved / "publications" / "000001-run-1"


def test_a_dangling_link_is_no_publication(tmp_path: Path) -> None:
    (tmp_path / "published").symlink_to("publications/gone")
    assert current(tmp_path) is None


@pytest.mark.usefixtures("_plain_page")
def test_ids_rise_and_are_never_used_again(warehouse: Path, tmp_path: Path) -> None:
    """Without it, a reader who noted an id, or has its folder open, finds other content under it."""
    home = tmp_path / "home"
    assert [publish(warehouse, home, "run").id for _ in range(2)] == ["000001-run", "000002-run"]
    shutil.rmtree(home / "publications")
    assert publish(warehouse, home, "run").id == "000003-run"
    (home / "state" / "last_publication").write_bytes(b"\xff")
    assert publish(warehouse, home, "run").id == "000004-run"
    (home / "state" / "last_publication").unlink()
    shutil.rmtree(home / "publications")
    assert publish(warehouse, home, "run").id == "000005-run"
    (home / "published").unlink()
    shutil.rmtree(home / "publications")
    assert publish(warehouse, home, "run").id == "000006-run"


@pytest.mark.usefixtures("_plain_page")
def test_a_failed_publication_takes_its_number_along(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(page, "render", _fail)
        with pytest.raises(PublishError):
            publish(warehouse, tmp_path, "run")
    assert publish(warehouse, tmp_path, "run").id == "000002-run"


@pytest.mark.usefixtures("_plain_page")
def test_the_newest_publications_are_kept_whatever_the_clock_says(warehouse: Path, tmp_path: Path) -> None:
    """Without it, a clock that was put back makes a run delete what it has just replaced."""
    home = tmp_path / "home"
    stale = home / "publications" / ".building-crashed"
    stale.mkdir(parents=True)
    for number in range(6):
        made = publish(warehouse, home, f"run-{9 - number}").path
        os.utime(made, (10**9 - number, 10**9 - number))

    kept = sorted(folder.name for folder in (home / "publications").iterdir())
    assert kept == ["000004-run-6", "000005-run-5", "000006-run-4"]


@pytest.mark.usefixtures("_plain_page")
def test_the_publication_that_was_just_replaced_is_kept(warehouse: Path, tmp_path: Path) -> None:
    """Without it, its readers lose their files: someone had gone back to it, so it was not the newest."""
    home = tmp_path / "home"
    first, *_ = [publish(warehouse, home, "run").path for _ in range(3)]
    (home / "published").unlink()
    (home / "published").symlink_to(first.relative_to(home))

    publish(warehouse, home, "run")

    kept = sorted(folder.name for folder in (home / "publications").iterdir())
    assert kept == ["000001-run", "000002-run", "000003-run", "000004-run"]
    publish(warehouse, home, "run")
    kept = sorted(folder.name for folder in (home / "publications").iterdir())
    assert kept == ["000003-run", "000004-run", "000005-run"]


@pytest.mark.usefixtures("_plain_page")
def test_only_publications_are_pruned_those_of_earlier_versions_first(
    warehouse: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    for name in ("20250316T120502Z-77120c77fb", "empty-0123456789-2", "kept by hand", "2024-closing"):
        (home / "publications" / name).mkdir(parents=True)
    for _ in range(3):
        publish(warehouse, home, "run")
    kept = sorted(folder.name for folder in (home / "publications").iterdir())
    assert kept == ["000001-run", "000002-run", "000003-run", "2024-closing", "kept by hand"]


def test_a_publication_says_what_it_is(warehouse: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        found = connection.execute(
            "select blind_spot_id, list(distinct status) from marts.mart_blind_spot "
            "where scope_type = 'source' and window_type = 'span' group by all"
        ).fetchall()
    worst = {spot: min(statuses, key=publication.STATUSES.index) for spot, statuses in found}
    assert len(set(worst.values())) > 1
    made = publish(warehouse, tmp_path / "home", "run", inputs="of the files")

    about = json.loads((tmp_path / "home" / "published" / "publication.json").read_text(encoding="utf-8"))
    files = about.pop("files")
    assert about == {
        "publication_id": "000001-run",
        "built_at": "2026-01-31T18:00:00Z",
        "as_of_at": "2026-01-30T12:05:00Z",
        "code_version": "1.2.3+abc",
        "inputs": "of the files",
        "blind_spots": worst,
    }
    assert files == {
        path.relative_to(made.path).as_posix(): path.stat().st_size
        for path in made.path.rglob("*")
        if path.is_file() and path.name != "publication.json"
    }
    counts = {status: list(worst.values()).count(status) for status in publication.STATUSES}
    row = ("000001-run", datetime(2026, 1, 31, 18), datetime(2026, 1, 30, 12, 5), "1.2.3+abc")
    assert _read(made.path / "marts.duckdb", "from publication") == [(*row, *counts.values())]
    assert _read(made.path / "marts.duckdb", f"from '{made.path}/parquet/publication.parquet'") == [
        (*row, *counts.values())
    ]
    bare = "select column_name from duckdb_columns() where table_name = 'publication' and comment is null"
    assert _read(made.path / "marts.duckdb", bare) == []
    named = [f"n_blind_spots_{status}" for status in publication.STATUSES]
    columns = _read(made.path / "marts.duckdb", "select column_name from (describe publication)")
    assert [name for (name,) in columns][4:] == named


@pytest.mark.usefixtures("_plain_page")
@pytest.mark.parametrize(
    "spoil",
    [
        lambda made: (made / "marts.duckdb").unlink(),
        lambda made: (made / "parquet" / "mart_case.parquet").write_bytes(b"PAR1"),
        lambda made: (made / "report" / "index.html").write_text("", encoding="utf-8"),
        lambda made: (made / "publication.json").write_text("{", encoding="utf-8"),
        lambda made: (made / "publication.json").write_text("null", encoding="utf-8"),
        lambda made: (made / "publication.json").write_bytes(b"\xff"),
        shutil.rmtree,
    ],
    ids=["no marts", "cut Parquet", "cut page", "cut JSON", "empty JSON", "no text", "gone"],
)
def test_inputs_of_a_publication_that_is_not_whole_are_unknown(
    warehouse: Path, tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    """Without it, a run says `Nothing new` over a publication that nobody can read."""
    home = Home(tmp_path / "home")
    assert state.published_inputs(home) == ""
    older = publish(warehouse, home.root, "run", inputs="older").path
    made = publish(warehouse, home.root, "run", inputs="newer").path
    assert state.published_inputs(home) == "newer"
    spoil(made)
    assert state.published_inputs(home) == ""
    home.published.unlink()
    home.published.symlink_to(older)
    assert state.published_inputs(home) == "older"


@pytest.mark.usefixtures("_plain_page")
def test_a_publication_is_on_the_disk_before_the_link_leads_to_it(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it, a power cut after the swap leaves a link to files that were never written."""
    home = tmp_path / "home"
    publish(warehouse, home, "run")
    synced: list[Path] = []
    fsync, replace = os.fsync, Path.replace
    unsynced: set[Path] = set()

    def sync(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").readlink())
        fsync(handle)

    def rename(path: Path, target: Path) -> Path:
        if path.name.startswith(".building-"):
            unsynced.update({path, *path.rglob("*")} - set(synced))
        if target.name == "published":
            assert synced[-1] == home / "publications"
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", rename)
    publish(warehouse, home, "run")
    assert not unsynced
    assert synced[-1] == home


def _break_the_page(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(page, "render", _fail)


def _break_the_swap(patch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise PermissionError("read-only folder")

    patch.setattr(Path, "symlink_to", refuse)


def _break_the_copy(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(publication, "_verify", lambda _marts, _rows: _raise_short())


def _raise_short() -> None:
    raise PublishError("mart_case: published 1 rows, the warehouse holds 2.")


@pytest.mark.parametrize("sabotage", [_break_the_page, _break_the_swap, _break_the_copy])
def test_a_failure_leaves_the_last_publication_whole(
    warehouse: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sabotage: Callable[[pytest.MonkeyPatch], None],
) -> None:
    home = tmp_path / "home"
    last = publish(warehouse, home, "good").path
    before = {file: file.read_bytes() for file in last.rglob("*") if file.is_file()}
    with monkeypatch.context() as patch:
        sabotage(patch)
        with pytest.raises(PublishError):
            publish(warehouse, home, "bad")

    assert current(home) == last
    assert {file: file.read_bytes() for file in last.rglob("*") if file.is_file()} == before
    assert [entry.name for entry in (home / "publications").iterdir()] == ["000001-good"]
    assert sorted(entry.name for entry in home.iterdir()) == ["publications", "published", "state"]


def test_lost_rows_are_noticed(warehouse: Path, tmp_path: Path) -> None:
    marts = publish(warehouse, tmp_path / "home", "run").path / "marts.duckdb"

    with pytest.raises(PublishError, match="mart_case: published 1234 rows"):
        publication._verify(marts, {"mart_case": 1235})


@pytest.mark.parametrize("bad_id", ["", "..", "a/b", ".hidden", "a\n", "x" * 101])
def test_an_id_that_is_no_folder_name_is_refused(warehouse: Path, tmp_path: Path, bad_id: str) -> None:
    with pytest.raises(PublishError, match="folder name"):
        publish(warehouse, tmp_path / "home", bad_id)
    assert not (tmp_path / "home").exists()


def test_a_missing_warehouse_is_said_clearly(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="no warehouse file"):
        publish(tmp_path / "none.duckdb", tmp_path / "home", "run")


def test_a_warehouse_without_marts_publishes_nothing(tmp_path: Path) -> None:
    empty = tmp_path / "empty.duckdb"
    duckdb.connect(str(empty)).close()
    with pytest.raises(PublishError, match="no mart in schema marts"):
        publish(empty, tmp_path / "home", "run")
    assert list((tmp_path / "home" / "publications").iterdir()) == []


def test_a_name_in_both_schemas_is_refused(warehouse: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create table reference.Mart_Case as select 1 as case_id")
    with pytest.raises(PublishError, match="would be called mart_case"):
        publish(warehouse, tmp_path / "home", "run")


def test_a_registry_cannot_take_the_name_of_the_table_about_the_publication(
    warehouse: Path, tmp_path: Path
) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create table reference.publication as select 1 as n")
    with pytest.raises(PublishError, match="would be called publication"):
        publish(warehouse, tmp_path / "home", "run")


def test_the_warehouse_is_not_touched(warehouse: Path, tmp_path: Path) -> None:
    before = warehouse.read_bytes()
    publish(warehouse, tmp_path / "home", "run")
    assert warehouse.read_bytes() == before
