"""Every mistake in a source file is reported with its line and a way out, before anything is landed."""

import re
from pathlib import Path

import duckdb
import pytest
import yaml

from orchestration.base import sql
from orchestration.errors import ConfigurationError
from orchestration.sources import source_files
from orchestration.sources.source_errors import SourceError

SOUND = """\
source: crm
time_zone: Europe/Berlin
phone_region: DE
files:
  cases:
    glob: crm/*.csv
    dates: ["%d.%m.%Y"]
    feeds:
      cases:
        where: kind = 'case'
        case_id: '"Case number"'
        opened_at: Opened
        status: {from: State, map: {New: new}, default: null}
        owner_id: coalesce(Owner, lower("Agent"))
"""


def write(folder: Path, text: str, name: str = "crm.yml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_sound_file_is_read_whole(tmp_path: Path) -> None:
    source = source_files.load(write(tmp_path, SOUND))
    feed = source.feeds["cases"][0]
    assert (source.instance, source.centre, source.zone("cases")) == ("crm", "crm", "Europe/Berlin")
    assert feed.where == "kind = 'case'"
    assert feed.columns == {
        "where": ("kind",),
        "case_id": ("Case number",),
        "opened_at": ("Opened",),
        "status": ("State",),
        "owner_id": ("Owner", "Agent"),
    }
    assert feed.lines["status"] == 13
    assert feed.mappings["status"].has_default
    assert not feed.mappings["owner_id"].has_default


# What is written instead of what, the line of the report, and what the report must say.
MISTAKES = [
    ("source: crm", "source: 7up", 1, "source: String should match pattern"),
    ("source: crm", "sauce: crm", 1, "unknown setting 'sauce'. Did you mean 'source'?"),
    ("source: crm\n", "", 1, "the setting 'source' is missing. Add it."),
    ("phone_region: DE", "phone_region: Germany", 3, "no phone region is called 'Germany'; write e.g. DE or US"),
    ("Europe/Berlin", "Europe/Bonn", 2, "no time zone is called 'Europe/Bonn'; write e.g. Europe/Berlin"),
    ("Europe/Berlin", "Europe", 2, "no time zone is called 'Europe'"),
    ("Europe/Berlin", "../etc/passwd", 2, "no time zone is called"),
    ("glob: crm/*.csv", "glob: crm/*.csv\n    time_zone: Mars/Base", 7, "no time zone is called 'Mars/Base'"),
    ("glob: crm/*.csv", "glob: ../secret/*.csv", 6, "must stay below the exports folder"),
    ("glob: crm/*.csv", "glob: /etc/*.csv", 6, "must stay below the exports folder"),
    ("glob: crm/*.csv", "glob: ''", 6, "must stay below the exports folder"),
    ("glob: crm/*.csv", "glob: crm/**.csv", 6, "** stands for whole folders, as in **/*.csv"),
    ("glob: crm/*.csv", "glob: a.csv\n    format: xls", 7, "format: Input should be 'csv'"),
    ("glob: crm/*.csv", "glob: a.csv\n    encoding: utf-9", 7, "no encoding is called 'utf-9'"),
    ("glob: crm/*.csv", "glob: a.csv\n    encoding: base64", 7, "no encoding is called 'base64'"),
    ("glob: crm/*.csv", "glob: a.csv\n    encoding: rot13", 7, "no encoding is called 'rot13'"),
    ("glob: crm/*.csv", "glob: a.csv\n    delimiter: '||'", 7, "must be one character, not '||'"),
    ("glob: crm/*.csv", 'glob: a.csv\n    delimiter: "\\n"', 7, "must be one character"),
    ("glob: crm/*.csv", "glob: a.csv\n    quote: '§'", 7, "must be an ASCII character, not '§'"),
    ("glob: crm/*.csv", "glob: a.csv\n    delimiter: '\"'", 5, "delimiter and quote are both '\"'"),
    ("glob: crm/*.csv", "glob: a\n    format: jsonl\n    delimiter: ','", 5, "a delimiter means nothing for jsonl"),
    ("glob: crm/*.csv", "glob: a\n    format: jsonl\n    header: [a]", 5, "a header means nothing for jsonl"),
    ("glob: crm/*.csv", "glob: a\n    header: [a, A]", 7, "header: each column needs a name of its own"),
    ("glob: crm/*.csv", "glob: a\n    list_separator: ''", 7, "list_separator: must be a character or more"),
    ("glob: crm/*.csv", "glob: a\n    decimal: ';'", 7, "decimal: Input should be '.' or ','"),
    ("glob: crm/*.csv", "glob: a\n    delivered_at_pattern: '(\\d{4}'", 7, "is no pattern (missing ), unterminated"),
    ("glob: crm/*.csv", "glob: a\n    delimeter: ';'", 7, "unknown setting 'delimeter'. Did you mean 'delimiter'?"),
    ("glob: crm/*.csv", "glob: a\n    glob: b", 7, "'glob' is written twice. Keep one of them."),
    ("case_id: '", "case_id: x\n        case_id: '", 12, "'case_id' is written twice."),
    ("map: {New: new}", "map: {New: new, New: old}", 13, "'New' is written twice."),
    ("map: {New: new}", "mop: {New: new}", 13, "unknown setting 'mop'. Did you mean 'map'?"),
    ("{from: State, map", "{map", 13, "the setting 'from' is missing."),
    ("      cases:\n", "      kases:\n", 9, "unknown entity 'kases'. Did you mean 'cases'?"),
    ("opened_at: Opened", "opened_on: Opened", 12, "cases has no field 'opened_on'. Did you mean 'opened_at'?"),
    ("opened_at: Opened", "closed_at: Opened", 9, "cases needs opened_at. Say which column or expression fills it."),
    ("opened_at: Opened", "opened_at: [a]", 12, "is neither a column nor an expression. Write a column name"),
    ("opened_at: Opened", "opened_at: Opened at", 12, "cannot read the expression 'Opened at'"),
    ("opened_at: Opened", "opened_at: (SELECT now())", 12, "opened_at: a subquery cannot fill a field. Use columns"),
    ("opened_at: Opened", "opened_at: Opened IN (SELECT 1)", 12, "opened_at: a subquery cannot fill a field."),
    ("opened_at: Opened", "opened_at: lag(x) OVER ()", 12, "opened_at: a window function cannot fill a field."),
    ("opened_at: Opened", "opened_at: '*'", 12, "opened_at: a star cannot fill a field."),
    ("opened_at: Opened", "opened_at: x + ?", 12, "opened_at: a parameter cannot fill a field."),
    ("opened_at: Opened", "opened_at: max(Opened)", 12, "opened_at: max does not give one value for each row."),
    ("opened_at: Opened", "opened_at: unnest(Opened)", 12, "opened_at: unnest does not give one value for each row"),
    ("opened_at: Opened", "opened_at: now()", 12, "opened_at: now would give another value in the next run."),
    ("opened_at: Opened", "opened_at: x || random()", 12, "opened_at: random would give another value"),
    ("opened_at: Opened", "opened_at: '1); DROP TABLE x; SELECT (1'", 12, "cannot read the expression"),
    ("opened_at: Opened", "opened_at: '1) FROM read_text(''/etc/passwd'') WHERE (1'", 12, "is not one expression"),
    ("opened_at: Opened", "opened_at: Opened, Closed", 12, "'Opened, Closed' is not one expression."),
    ("where: kind = 'case'", "where: kind IN (SELECT 1)", 10, "where: a subquery cannot fill a field."),
    ("where: kind = 'case'", "where: kind =", 10, "where: cannot read the expression 'kind ='"),
    ('"%d.%m.%Y"', '"%d.%m.%Y", "%m/%d/%Y"', 7, "disagree on whether the day or the month comes first"),
    ('"%d.%m.%Y"', '"dd.mm.yyyy"', 7, "'dd.mm.yyyy' is no date format"),
    ('"%d.%m.%Y"', '"%d.%m.%Q"', 7, "'%d.%m.%Q' is no date format. Write it with strptime codes"),
    ('"%d.%m.%Y"', '"%d.%m."', 7, "is no date format: it has no year."),
    ('"%d.%m.%Y"', '"%Y-%m-%dT%H:%M:%SZ"', 7, "would take the Z, which means UTC, for a letter. Write %z"),
    ('"%d.%m.%Y"', "epoch, epoch_ms", 7, "a number cannot be both epoch and epoch_ms."),
    ("opened_at: Opened", "opened_at: {from: a, dates: ['%d/%m/%Y', '%m/%d/%Y']}", 12, "the day or the month comes first"),
    ("opened_at: Opened", "opened_at: Opened\n        ? [a, b]\n        : c", 13, "not valid YAML: found unhashable key."),
    ("phone_region: DE", "derive_escalations: yes", 3, "derive_escalations: Input should be '' or 'tier'"),
    ("where: kind = 'case'", "keep: newest", 10, "keep: 'newest' is neither first nor last. Write one of them."),
    ("glob: crm/*.csv", "glob: [a", 7, "not valid YAML"),
    ("glob: crm/*.csv", "glob: a\x07", 1, "not valid YAML"),
    ("    glob", "\t glob", 6, "not valid YAML: found character '\\t' that cannot start any token."),
    ("files:", "files: []\nwishes:", 5, "unknown setting 'wishes'. Known here: centre, connector, derive_escalations"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sound", "mistake", "line", "expected"), MISTAKES, ids=lambda value: str(value)[:40]
)
def test_mistakes_are_reported_with_line_and_remedy(
    tmp_path: Path, sound: str, mistake: str, line: int, expected: str
) -> None:
    assert SOUND.count(sound) == 1
    path = write(tmp_path, SOUND.replace(sound, mistake))
    with pytest.raises(SourceError) as caught:
        source_files.load(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("feeds", "line", "expected"),
    [
        (
            "agents:\n        keep: first\n        agent_id: id\n",
            8,
            "agents: keep has no effect here. Remove it",
        ),
        (
            "changes:\n        change_id: id\n        changed_at: t\n        keep: last\n"
            "  more:\n    glob: b\n    feeds:\n      changes: {change_id: id, changed_at: t}\n",
            14,
            "changes: the file sets disagree on keep.",
        ),
    ],
)
def test_keep_is_said_where_it_has_an_effect_and_once_for_an_entity(
    tmp_path: Path, feeds: str, line: int, expected: str
) -> None:
    text = f"source: crm\ntime_zone: UTC\nfiles:\n  a:\n    glob: a\n    feeds:\n      {feeds}"
    with pytest.raises(SourceError, match=re.escape(expected)) as error:
        source_files.load(write(tmp_path, text))
    assert error.value.line == line


def test_further_mistakes_are_counted_with_the_first(tmp_path: Path) -> None:
    text = (
        SOUND.replace("Opened", "Opened at").replace("kind = 'case'", "kind =").replace('"%d.%m.%Y"', '"day"')
    )
    with pytest.raises(SourceError, match=r"crm\.yml:7: .* And 2 more: faultline sources check") as caught:
        source_files.load(write(tmp_path, text))
    assert [one.line for one in caught.value.others] == [10, 12]
    text = SOUND.replace("source: crm", "source: 7up").replace("DE", "Germany")
    with pytest.raises(SourceError) as caught:
        source_files.load(write(tmp_path, text))
    assert [one.line for one in (caught.value, *caught.value.others)] == [1, 3]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "the file holds no settings. Start one with: faultline sources new FILE"),
        (b"# only a remark\n", "the file holds no settings."),
        (b"- a\n- b\n", "the file holds no settings."),
        (b"just text", "the file holds no settings."),
        ("source: Bücher".encode("latin-1"), "not UTF-8"),
        (b"\x89PNG\r\n\x1a\n\x00", "not UTF-8"),
        (b"a: b: c", "not valid YAML"),
        (b"!!python/object/apply:os.system ['true']", "the file holds no settings."),
        (b"source: !!python/object/apply:os.getcwd []", "not valid YAML"),
    ],
)
def test_what_is_no_source_file(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "x.yml"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"x\.yml:1: ") as caught:
        source_files.load(path)
    assert expected in str(caught.value)


def test_a_byte_order_mark_is_fine(tmp_path: Path) -> None:
    path = tmp_path / "x.yml"
    path.write_bytes(SOUND.encode("utf-8-sig"))
    assert source_files.load(path).instance == "crm"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone\.yml:1: cannot be read \(No such file or directory\)"):
        source_files.load(tmp_path / "gone.yml")


def test_folders(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"holds no source file.*faultline sources new FILE"):
        source_files.load_folder(tmp_path)
    with pytest.raises(ConfigurationError, match="holds no source file"):
        source_files.load_folder(tmp_path / "gone")
    write(tmp_path, SOUND, "b.yml")
    write(tmp_path, SOUND.replace("source: crm", "source: erp"), "a.yaml")
    write(tmp_path, "no source", "notes.txt")
    assert [source.instance for source in source_files.load_folder(tmp_path)] == ["erp", "crm"]
    write(tmp_path, SOUND, "c.yml")
    with pytest.raises(
        SourceError, match=r"c\.yml:1: source 'crm' is also the name of b\.yml\. Rename one\."
    ):
        source_files.load_folder(tmp_path)


@pytest.mark.parametrize(
    "expression",
    ["a->>'$.b'", "list_filter(a, lambda x: x > 1)", "list_transform(a, x -> x)", "reduce(a, lambda x, y: x || y)",
     "list_filter(from_json(a->'$.b', '[1]'), lambda x: x > 1)", "list_filter(a->'$.b', lambda x: x > 1)",
     "coalesce(a, 'now()')", "CASE WHEN a LIKE '%max(%' THEN a END", "a -- a remark", "a::DATE", "strftime(a, '%d')"],
)  # fmt: skip
def test_expressions_that_read_one_column(tmp_path: Path, expression: str) -> None:
    text = SOUND.replace(
        "opened_at: Opened",
        f"opened_at: {expression!r}" if "'" not in expression else f'opened_at: "{expression}"',
    )
    assert source_files.load(write(tmp_path, text)).feeds["cases"][0].columns["opened_at"] == ("a",)


@pytest.mark.parametrize(
    ("sound", "changed", "changes"),
    [
        ("glob: crm/*.csv", "glob: crm/a.csv", True),
        ("Europe/Berlin", "UTC", True),
        ("phone_region: DE", "phone_region: AT", True),
        ("source: crm", "source: crm\ncentre: bank", True),
        ("{New: new}", "{New: fresh}", True),
        (", default: null", "", True),
        ("kind = 'case'", "kind = 'Case'", True),
        ("opened_at: Opened", "opened_at: Opened # a remark", False),
        ("source: crm", "# a remark\nsource: crm", False),
    ],
)
def test_fingerprint_changes_with_what_would_land(
    tmp_path: Path, sound: str, changed: str, changes: bool
) -> None:
    before = source_files.load(write(tmp_path, SOUND)).fingerprint("cases")
    after = source_files.load(write(tmp_path, SOUND.replace(sound, changed))).fingerprint("cases")
    assert (before != after) is changes


def test_fingerprint_changes_with_the_contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    from orchestration.sources import contract

    path = write(tmp_path, SOUND)
    before = source_files.load(path).fingerprint("cases")
    text = contract.CONTRACT_FILE.read_text()
    changed = text.replace("    status: text [", "    status: id [", 1)
    assert changed != text
    entities = contract.parse(yaml.safe_load(changed))
    monkeypatch.setattr(contract, "entities", lambda: entities)
    assert source_files.load(path).fingerprint("cases") != before


def keywords() -> list[str]:
    """Every word that the engine's grammar knows, as a column might be called, and names it would compute.

    But `null`, which connectors write where a vendor has no such field.
    """
    query = "SELECT DISTINCT keyword_name FROM duckdb_keywords() WHERE keyword_name <> 'null' ORDER BY 1"
    with duckdb.connect() as connection:
        listed = [row[0] for row in connection.execute(query).fetchall()]
    return [*listed, "current_date", "current_user", "user", "localtime", "today", "rowid"]


def test_a_column_that_is_called_like_an_sql_word_is_that_column(tmp_path: Path) -> None:
    """Call logs have columns such as `from`, `to`, `end` and `at`, which the engine reads as its own words."""
    words = keywords()
    assert {"from", "to", "end", "at", "group", "order", "case", "desc", "time", "true"} <= set(words)
    words += [word.capitalize() for word in words]
    fields = {"case_id": "id", "opened_at": "opened"}
    files = {
        f"{i}": {"glob": "*", "feeds": {"cases": {**fields, "status": word, "reason": {"from": word}}}}
        for i, word in enumerate(words)
    }
    document = {"source": "crm", "time_zone": "UTC", "files": files}
    loaded = source_files.load(write(tmp_path, yaml.safe_dump(document)))
    with duckdb.connect() as connection:
        for i, word in enumerate(words):
            feed = loaded.feeds[f"{i}"][0]
            for name in ("status", "reason"):
                assert feed.columns[name] == (word,)
                row = f"(SELECT 'value' AS {sql.name(word)})"
                query = f"SELECT {feed.mappings[name].expression} FROM {row}"
                assert connection.execute(query).fetchall() == [("value",)]


def test_yes_or_no_may_be_a_constant(tmp_path: Path) -> None:
    text = SOUND.replace("opened_at: Opened", "opened_at: Opened\n        is_deleted: false")
    assert source_files.load(write(tmp_path, text)).feeds["cases"][0].columns["is_deleted"] == ()


def test_an_sql_word_within_an_expression_gets_a_hint_with_quotes(tmp_path: Path) -> None:
    text = SOUND.replace("opened_at: Opened", "opened_at: Day || end")
    with pytest.raises(SourceError, match="one that is called like an SQL word, is written '\"like this\"'"):
        source_files.load(write(tmp_path, text))


OLD_NAMES = """\
source: crm
time_zone: UTC
files:
  cases:
    glob: "*"
    known: [Owner]
    keep_new: false
    delivered: '(\\d{8})'
    feeds:
      cases:
        case_id: id
        opened_at: opened
        status: {from: State, map: {known: open, otherwise: closed}, otherwise: null}
"""


def test_settings_with_old_names_mean_the_same_and_are_listed_with_their_lines(tmp_path: Path) -> None:
    """A source file of the last version must load, and land nothing anew for its spelling."""
    new_names = OLD_NAMES.replace("    known:", "    ignore_columns:").replace("keep_new:", "keep_unmapped:")
    new_names = new_names.replace("delivered:", "delivered_at_pattern:").replace(
        ", otherwise: null", ", default: null"
    )
    old = source_files.load(write(tmp_path, OLD_NAMES))
    new = source_files.load(write(tmp_path, new_names, "new.yml"))
    assert (old.document, old.feeds) == (new.document, new.feeds)
    assert old.fingerprint("cases") == new.fingerprint("cases")
    assert [(one.line, one.old, one.new) for one in old.old_settings] == [
        (6, "known", "ignore_columns"),
        (7, "keep_new", "keep_unmapped"),
        (8, "delivered", "delivered_at_pattern"),
        (13, "otherwise", "default"),
    ]
    assert new.old_settings == ()
    assert new.feeds["cases"][0].mappings["status"].map == {"known": "open", "otherwise": "closed"}


def test_a_setting_under_both_names_is_written_twice(tmp_path: Path) -> None:
    """One of the two would win without a word."""
    text = OLD_NAMES.replace("    known:", "    ignore_columns: []\n    known:")
    with pytest.raises(SourceError, match=r":7: 'ignore_columns' is written twice"):
        source_files.load(write(tmp_path, text))


def test_an_old_name_wins_over_what_a_connector_sets(tmp_path: Path) -> None:
    """The connector's own list would hide a list that the source file writes by the old name."""
    text = "source: a\nconnector: asterisk\ntime_zone: UTC\nfiles:\n  call_records:\n    glob: '*'\n    known: [mine]\n"
    assert source_files.load(write(tmp_path, text)).document.files["call_records"].ignore_columns == ["mine"]
