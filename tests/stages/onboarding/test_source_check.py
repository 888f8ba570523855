"""The check finds what would go wrong in a run, says where, and touches nothing."""

import gzip
import io
import json
import random
import re
from pathlib import Path

import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from orchestration import settings
from orchestration.cli import app
from orchestration.errors import ConfigurationError
from orchestration.onboarding.check import source_check
from orchestration.settings import PROJECT_ROOT
from orchestration.sources import source_files
from orchestration.sources.file_settings import FieldMapping, FileSet, SourceDocument

SOURCE = """\
source: crm
time_zone: Europe/Berlin
files:
  cases:
    glob: cases.csv
    feeds:
      cases:
        case_id: id
        opened_at: opened
        status: state
"""
CASES = "id,opened,state\n" + "".join(f"C{i},2024-02-01 10:{i:02}:00,Open\n" for i in range(40))


class Place:
    """A folder of source files and one of exports, and what a check of them prints."""

    def __init__(self, root: Path) -> None:
        self.root, self.sources, self.exports = root, root / "sources", root / "exports"
        self.sources.mkdir()
        self.exports.mkdir()

    def source(self, text: str = SOURCE, name: str = "crm.yml") -> "Place":
        (self.sources / name).write_text(text, encoding="utf-8")
        return self

    def export(self, name: str = "cases.csv", content: str | bytes = CASES) -> "Place":
        path = self.exports / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def check(self, width: int = 10_000) -> tuple[bool, str]:
        out = io.StringIO()
        console = Console(file=out, width=width, highlight=False)
        config = settings.load(sources=self.sources, exports=self.exports, home=self.root / "home")
        return source_check.check(config, console), out.getvalue()

    def error(self, file: str, line: int, *expected: str) -> str:
        """The text of the check, which must fail with an error at the line that holds all these words."""
        is_fine, text = self.check()
        assert not is_fine, text
        blocks = re.findall(rf"^Error \S*{re.escape(file)}:{line}\n(.*)$", text, re.MULTILINE)
        assert any(all(part in block for part in expected) for block in blocks), text
        return text

    def warning(self, file: str, line: int, *expected: str) -> str:
        is_fine, text = self.check()
        assert is_fine, text
        blocks = re.findall(rf"^Warning \S*{re.escape(file)}:{line}\n(.*)$", text, re.MULTILINE)
        assert any(all(part in block for part in expected) for block in blocks), text
        return text


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def line_of(text: str, part: str) -> int:
    return 1 + text[: text.index(part)].count("\n")


# ---------------------------------------------------------------- what is fine


def test_demo_passes_and_nothing_is_written(tmp_path):
    out = io.StringIO()
    config = settings.load(
        sources=PROJECT_ROOT / "tests" / "fixtures" / "small_centre" / "sources",
        exports=PROJECT_ROOT / "tests" / "fixtures" / "small_centre" / "exports",
        home=tmp_path / "home",
    )
    assert source_check.check(config, Console(file=out, width=96))
    assert not (tmp_path / "home").exists()
    text = out.getvalue()
    assert "3 sources fit" in text
    assert max(map(len, text.splitlines())) <= 110
    # Two rows are bad on purpose, far too few to blame the mapping.
    assert "demo_crm.yml:" in text
    assert "crm/cases.csv:187: cases.opened_at cannot be read as a date and time" in " ".join(text.split())


def test_good_source_shows_counts_shares_and_rows(place):
    is_fine, text = place.source().export().check(width=100)
    assert is_fine
    assert "1 file, 1.2 kB: cases.csv" in text
    assert "-> cases: first 40 records, all fit" in text
    assert "filled    case_id, opened_at, status" in text
    assert "C0       2024-02-01 09:00  Open" in text
    assert text.endswith("1 source fits. Next: faultline run\n")


def test_formats_that_are_ambiguous_in_the_sample_are_fine_once_one_is_given(place):
    place.source(SOURCE.replace("    feeds:", '    dates: ["%d/%m/%Y"]\n    feeds:'))
    assert place.export(content="id,opened,state\na,03/04/2024,x\nb,01/02/2024,y\n").check()[0]


def test_identifiers_are_hashed_and_shortened_and_text_is_no_markup(place):
    place.source(SOURCE.replace("status: state", "status: state\n        customer_id: id"))
    place.export(content="id,opened,state\n" + "secret-1,2024-02-01,[bold red]x[/]\x1b[31m\n" * 30)
    is_fine, text = place.check()
    assert is_fine
    assert re.search(r"[0-9a-f]{8}…", text)
    assert "[bold red]x[/]" in text
    assert "\x1b" not in text


def test_blind_spots_of_each_centre(place):
    place.source().source(SOURCE.replace("source: crm", "source: other\ncentre: north"), "other.yml")
    text = place.export().check()[1]
    assert "north  as a centre" in text
    assert "delivers  other: cases" in text
    assert "BS03 Silent telephony hours (no contacts)" in text
    assert "BS02 Cases with no contact (no" not in text  # cases are delivered


def test_files_are_chosen_evenly_and_counted(place):
    place.source(SOURCE.replace("cases.csv", "cases-*.csv"))
    for i in range(25):
        place.export(f"cases-{i:02}.csv")
    text = place.check()[1]
    assert "25 files" in text
    assert "looked into 10 of 25 files" in text


def test_a_filter_that_matches_late_is_no_warning(place):
    place.source(SOURCE.replace("        case_id", "        where: state = 'Closed'\n        case_id"))
    place.export(
        content=CASES.splitlines()[0] + "\n" + "a,2024-02-01,Open\n" * 3000 + "b,2024-02-01,Closed\n"
    )
    is_fine, text = place.check()
    assert is_fine
    assert "1 kept by where, all fit" in text
    assert "Warning" not in text


@pytest.mark.parametrize("kind", ["json", "jsonl"])
def test_a_rare_key_of_json_objects_is_not_missing(kind, place):
    place.source(SOURCE.replace("cases.csv", f"cases.{kind}\n    format: {kind}"))
    records: list[dict[str, str]] = [{"id": f"C{i}", "opened": "2024-02-01"} for i in range(3000)]
    records.append({"id": "C", "opened": "2024-02-01", "state": "Open"})
    text = "\n".join(map(json.dumps, records)) if kind == "jsonl" else json.dumps(records)
    is_fine, expected = place.export(f"cases.{kind}", text).check()
    assert is_fine, expected
    assert "empty     status" in expected


def test_a_record_of_another_kind_and_one_without_its_list_do_not_stop_the_check(place):
    text = SOURCE.replace("cases.csv", "cases.json\n    format: json")
    place.source(text.replace("opened_at: opened", "opened_at: meta.opened"))
    records = [{"id": "C1", "state": "x", "meta": {"opened": "2024-01-01"}}, {"id": "C2", "meta": [1]}]
    place.export("cases.json", json.dumps(records))
    place.error("crm.yml", 8, "cases.json:2: cases: a value is of another kind", "an object or a list")
    genesys = "source: crm\ntime_zone: UTC\nconnector: genesys_cloud\nfiles:\n  conversations:\n    glob: cases.json\n"
    place.source(genesys).error("crm.yml", 5, "conversations.rows reads")


# ---------------------------------------------------------------- errors of source files


def test_every_broken_source_file_is_reported_and_the_others_are_checked(place):
    place.source().export()
    place.source("source: [", "broken.yml").source("source: x\nfiles: {}\n", "empty.yml")
    place.source(SOURCE.replace("time_zone: Europe/Berlin", "time_zone: Mars/Base"), "zone.yml")
    place.source(SOURCE, "twin.yml").source("\x00", "binary.yml")
    (place.sources / "latin.yml").write_bytes(b"source: \xff")
    text = place.error("twin.yml", 1, "is also the name of crm.yml")
    for name in ("broken.yml", "empty.yml", "zone.yml", "binary.yml", "latin.yml"):
        assert re.search(rf"^Error \S*{name}:\d+$", text, re.MULTILINE), text
    assert "-> cases: first 40 records, all fit" in text


def test_all_mistakes_of_a_source_file_are_reported_at_once_and_that_it_is_not_counted(place):
    place.source().export()
    feeds = """\
      contacts:
        where: Kind of call = 'in'
        contact_id: id
        chanel: "'voice'"
        started_at: Start time
      agents:
        team_id: team
"""
    place.source(SOURCE.split("      cases:", maxsplit=1)[0].replace("crm", "acd") + feeds, "acd.yml")
    text = place.error("acd.yml", 8, "where: cannot read the expression")
    for line, expected in (
        (10, "no field 'chanel'"),
        (11, "started_at: cannot read"),
        (12, "agents needs agent_id"),
    ):
        assert re.search(rf"acd.yml:{line}\n.*{expected}", text)
    assert text.count("Error ") == 4
    assert "without   acd.yml: what has errors is not counted" in text


def test_no_source_file_and_no_exports(place):
    is_fine, text = place.check()
    assert not is_fine
    assert "holds no source file" in text
    place.source().exports.rmdir()
    is_fine, text = place.check()
    assert not is_fine
    assert "is no folder" in text


# ---------------------------------------------------------------- errors of mappings


def test_missing_column_names_line_and_the_close_one(place):
    place.source().export(content=CASES.replace("opened", "opened_on"))
    place.error("crm.yml", 9, "cases.opened_at reads the column 'opened'", "lacks", "Did you mean opened_on?")


def test_missing_optional_column_is_an_error_when_no_file_has_it(place):
    place.source().export(content=CASES.replace("state", "phase"))
    place.error("crm.yml", 10, "cases.status reads the column 'state'")


def test_optional_column_missing_in_some_files_is_a_warning(place):
    place.source(SOURCE.replace("cases.csv", "cases*.csv")).export()
    place.export("cases2.csv", CASES.replace(",state", ",phase"))
    place.warning("crm.yml", 10, "lacks in 1 of 2 files")


def test_a_column_missing_from_some_files_is_not_suggested_to_itself(place):
    place.source(SOURCE.replace("cases.csv", "cases*.csv")).export()
    without_state = CASES.replace(",state", "").replace(",Open", "")
    place.export("cases2.csv", without_state).export("cases3.csv", without_state)
    text = place.warning(
        "crm.yml", 10, "lacks in 2 of 3 files: cases2.csv and 1 more. Their rows land without"
    )
    assert "Did you mean" not in text
    place.export("cases2.csv", CASES.replace("opened", "opened-at"))
    place.error("crm.yml", 9, "1 of 3 files: cases2.csv. A run would set", 'coalesce(opened, "opened-at")')


def test_a_filter_column_missing_from_some_files_is_an_error_as_in_a_run(place):
    place.source(SOURCE.replace("cases.csv", "cases*.csv") + "        where: state = 'Open'\n").export()
    place.export("cases2.csv", CASES.replace("state", "x"))
    place.error("crm.yml", 11, "cases.where", "1 of 2 files: cases2.csv", "set such files aside whole")


@pytest.mark.parametrize(
    ("column", "expression", "expected"),
    [
        ("Anruf-Nr", "Anruf-Nr", """Write case_id: '"Anruf-Nr"': a name"""),
        ("Anruf/Nr", "upper(anruf/nr)", 'Write "Anruf/Nr": a name'),
    ],
)
def test_a_name_that_needs_quotes_gets_a_hint_with_quotes(column, expression, expected, place):
    place.source(SOURCE.replace("case_id: id", f"case_id: {expression}"))
    place.export(content=CASES.replace("id,", f"{column},", 1))
    assert "Did you mean" not in place.error("crm.yml", 8, expected)


def test_a_bare_word_may_be_a_constant(place):
    place.source(SOURCE.replace("status: state", "channel: inbound")).export()
    place.error("crm.yml", 10, "There are: id, opened, state.", """A constant is written "'inbound'".""")
    place.source(SOURCE.replace("opened_at: opened", "opened_at: inbound"))
    assert "constant" not in place.check()[1]


def test_wrong_delimiter_is_suspected(place):
    place.source().export(content=CASES.replace(",", ";"))
    place.error("crm.yml", 9, "one single column", "delimiter")


@pytest.mark.parametrize(
    ("values", "hint"),
    [
        (["13.02.2024", "14.02.2024"], 'This fits: dates: ["%d.%m.%Y"]'),
        (["01/02/2024", "03/04/2024"], 'dates: ["%d/%m/%Y"] or dates: ["%m/%d/%Y"]'),
        (["1706781600"], 'dates: ["epoch"]'),
        (["someday", "soon"], "strptime"),
    ],
)
def test_unreadable_dates_come_with_line_shape_and_the_format_that_fits(values, hint, place):
    place.source().export(content="id,opened,state\n" + "".join(f"C,{v},Open\n" for v in values))
    masked = re.sub(r"\w", lambda c: "9" if c[0].isdigit() else "x", values[0])
    text = place.error("crm.yml", 9, "cases.csv:2:", "cases.opened_at cannot be read", masked, hint)
    assert values[0] not in text


def test_dates_that_need_no_format(place):
    place.source(SOURCE.replace("    feeds:", '    dates: ["%d.%m.%Y"]\n    feeds:')).export()
    place.error("crm.yml", 10, "need no dates setting")


@pytest.mark.parametrize(
    ("second", "hint"),
    [
        ("02/14/2024", "the other order"),
        ("14/02/2024", 'This fits: dates: ["%d.%m.%Y", "%d/%m/%Y"].'),
        ("03/04/2024", 'that of the others: dates: ["%d.%m.%Y", "%d/%m/%Y"].'),
        ("2024-02-14 10:20", 'This fits: dates: ["%d.%m.%Y", "%Y-%m-%d %H:%M"].'),
        ("2024/02/14", 'This fits: dates: ["%d.%m.%Y", "%Y/%m/%d"].'),
        ("someday", "strptime"),
    ],
)
def test_another_format_in_a_second_file_is_added_to_the_ones_that_are_set(second, hint, place):
    old = '    glob: cases*.csv\n    dates: ["%d.%m.%Y"]'
    place.source(SOURCE.replace("    glob: cases.csv", old))
    place.export(content="id,opened,state\n" + "C,13.02.2024,Open\n" * 40 + "C,13.02.20x4,Open\n")
    place.export("cases2.csv", "id,opened,state\n" + f"C,{second},Open\n" * 9)
    masked = re.sub(r"\w", lambda c: "9" if c[0].isdigit() else "x", second)
    place.error("crm.yml", 10, "cases2.csv:2:", f"such as '{masked}'", "10 of 50 rows", hint)


def test_values_that_no_format_fits_where_the_set_one_fits_the_rest(place):
    place.source(SOURCE.replace("cases.csv", 'cases.csv\n    dates: ["%d.%m.%Y"]'))
    days = "".join(f"C,{1 + i % 28:02}.{1 + i // 28:02}.2024,Open\n" for i in range(100))
    place.export(content="id,opened,state\n" + days + "C,13.02.20x4,Open\n" * 9)
    text = place.error("crm.yml", 10, "cases.csv:102:", "Other values there fit: correct these")
    assert "dates: [" not in text


def test_line_of_a_record_behind_line_breaks_in_quotes(place):
    content = 'id,opened,state\nC1,2024-02-01,"two\nlines"\nC2,never,Open\n'
    place.source().export(content=content)
    place.error("crm.yml", 9, "cases.csv:4:")


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("vendor_reopen_count", "1.5", "CAST(round("),
        ("is_sla_met", "Done", "map: {Done: true"),
        ("case_id", " ", "coalesce("),
    ],
)
def test_other_unreadable_values_come_with_a_hint(field, value, expected, place):
    body = {"case_id": "id", "opened_at": "opened"} | {field: "x"}
    document = {
        "source": "crm",
        "time_zone": "UTC",
        "files": {"a": {"glob": "*.csv", "feeds": {"cases": body}}},
    }
    text = yaml.safe_dump(document, sort_keys=False)
    place.source(text).export(content="id,opened,x\n" + f'C,2024-01-01,"{value}"\n' * 9)
    place.error("crm.yml", line_of(text, f"{field}:"), "cases.csv:2:", field, expected)


def test_decimal_comma_is_hinted(place):
    old = "cases:\n        case_id: id\n        opened_at: opened\n        status: state"
    new = "surveys:\n        response_id: id\n        kind: \"'csat'\"\n        value: opened"
    text = SOURCE.replace(old, new)
    place.source(text).export(content='id,opened\n1,"4,5"\n2,"3,0"\n')
    place.error("crm.yml", line_of(text, "value:"), 'decimal: ","')


def test_events_later_than_their_delivery(place):
    place.source(SOURCE.replace("cases.csv", "cases-*.csv\n    delivered_at_pattern: '(\\d{8})'"))
    place.export("cases-20230101.csv")
    place.error("crm.yml", 10, "later than its delivery", "time zone")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [("lower(1, 2)", "lower"), ("CAST(state AS INTEGER)", "TRY_CAST"), ("opened + 1", "CAST")],
)
def test_expression_that_cannot_be_computed_is_found(expression, expected, place):
    place.source(SOURCE.replace("status: state", f"status: {expression}")).export()
    text = place.error("crm.yml", 10, "cases.status cannot be computed", expected)
    assert "'Open'" not in text


def test_filter_that_cannot_be_computed_is_found(place):
    place.source(SOURCE + "        where: CAST(state AS INTEGER) > 3\n").export()
    place.error("crm.yml", 11, "cases.where cannot be computed")


def test_rows_that_share_a_key_and_differ_are_a_warning(place):
    text = (
        SOURCE.split("      cases:", maxsplit=1)[0]
        + "      agents:\n        agent_id: owner\n        team_id: team\n"
    )
    place.source(text).export(content="owner,team\nA1,T1\nA1,T1\nA2,T1\nA2,T2\nA3,T3\nA3,\n")
    place.warning(
        "crm.yml", 8, "cases.csv: agents: agent_id has 2 keys whose rows differ (team_id).", "one row of each"
    )
    place.export(content="owner,team\nA1,T1\nA1,T1\n")
    assert "Warning" not in place.check()[1]


def test_filter_that_keeps_nothing(place):
    place.source(SOURCE + "        where: state = 'Nope'\n").export()
    place.warning("crm.yml", 11, "where keeps none")


def test_two_file_sets_must_not_feed_one_entity_from_one_file(place):
    text = SOURCE + SOURCE[SOURCE.index("  cases:") :].replace("  cases:\n    glob", "  again:\n    glob", 1)
    place.source(text).export()
    place.error(
        "crm.yml", line_of(text, "again:") + 3, "cases and again both match cases.csv", "both feed cases"
    )


def test_two_sources_on_one_file_are_a_warning(place):
    place.source().source(SOURCE.replace("source: crm", "source: other"), "other.yml").export()
    place.warning("other.yml", 5, "other and crm both read cases.csv")


# ---------------------------------------------------------------- files


def test_no_file_matches(place):
    place.source().export("Cases.CSV")
    place.warning("crm.yml", 5, "no file", "'cases.csv'", "Did you mean Cases.CSV?")


@pytest.mark.parametrize("glob", ["**.csv", "''"])
def test_impossible_glob(glob, place):
    place.source(SOURCE.replace("cases.csv", glob)).export()
    assert place.check()[0] in (True, False)


def test_pattern_of_the_delivery_date(place):
    def with_pattern(pattern: str) -> Place:
        return place.source(SOURCE.replace("cases.csv", f"cases*.csv\n    delivered_at_pattern: '{pattern}'"))

    place.export("cases_99999999.csv")
    with_pattern(r"_(\d{8})").error("crm.yml", 6, "no real date")
    (place.exports / "cases_99999999.csv").unlink()
    place.export()
    with_pattern(r"_(\d{8})").warning("crm.yml", 6, "finds no date in cases.csv")
    is_fine, text = with_pattern("(").check()
    assert not is_fine
    assert "crm.yml:6" in text


def test_few_damaged_lines_are_a_warning_and_many_an_error(place):
    place.source().export(content=CASES + "too,few\n")
    place.warning("crm.yml", 4, "cases.csv:42: 2 columns where the header has 3", "1 line of the first 41")
    place.export(content=CASES + "too,few\n" * 40)
    place.error("crm.yml", 4, "40 lines of the first 80", "delimiter")


def test_few_bad_values_are_a_warning(place):
    place.source().export(content=CASES + "C99,never,Open\n")
    place.warning("crm.yml", 9, "cases.csv:42:", "xxxxx", "1 of 41 rows (2%)", "quarantine")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cases.csv", b""),
        ("cases.csv.gz", b"no gzip"),
        ("cases.csv.gz", gzip.compress(CASES.encode())[:-9]),
        ("cases.zip", b"PK\x03\x04 torn"),
        ("cases.zip", b""),
        ("cases.parquet", b"PAR1 torn PAR1"),
        ("cases.json", b'[{"id": 1'),
    ],
)
def test_broken_file_is_an_error_with_its_name(name, content, place):
    kind = {"parquet": "parquet", "json": "json"}.get(name.rpartition(".")[2], "csv")
    place.source(SOURCE.replace("cases.csv", f"{name}\n    format: {kind}")).export(name, content)
    place.error("crm.yml", 4, name)


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "json", "parquet"])
@pytest.mark.parametrize("seed", range(4))
def test_garbage_of_any_kind_never_stops_the_check(kind, seed, place):
    noise = random.Random(seed)
    content = [
        noise.randbytes(5000),
        b'"' * 999 + b"\n" + CASES.encode() + b'"',
        b"\xff\xfe" + noise.randbytes(999),
        json.dumps([[1], {"id": {"a": [1]}}, None]).encode() + b"\n{",
    ][seed]
    for ending in ("", ".gz", ".zip"):
        name = f"cases{seed}.{kind}{ending}"
        place.source(
            SOURCE.replace("cases.csv", f"{name}\n    format: {kind}").replace("crm", f"c{len(ending)}"),
            f"{len(ending)}.yml",
        )
        place.export(name, gzip.compress(content) if ending == ".gz" else content)
    place.check(width=80)


# ---------------------------------------------------------------- command line and handbook


def test_command_line_says_no_with_its_code(place):
    place.source().export()
    arguments = ["sources", "check", "--sources", str(place.sources), "--exports", str(place.exports)]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    place.export(content="a,b\n1,2\n")
    assert CliRunner().invoke(app, arguments).exit_code == ConfigurationError.exit_code


def test_new_source_is_written_once_and_checked(place):
    place.export()
    folders = ["--sources", str(place.sources), "--exports", str(place.exports)]
    arguments = ["sources", "new", str(place.exports / "cases.csv"), *folders]
    first = CliRunner().invoke(app, arguments)
    assert first.exit_code == 0, first.output
    assert source_files.load(place.sources / "cases.yml").document.files["cases"].glob == "cases.csv"
    assert CliRunner().invoke(app, arguments).exit_code == ConfigurationError.exit_code
    is_fine, text = place.check()
    assert is_fine, text
    nowhere = CliRunner().invoke(app, ["sources", "new", "nowhere.csv", *folders])
    assert nowhere.exit_code == ConfigurationError.exit_code
    assert not (place.sources / "nowhere.yml").exists()


def test_a_draft_with_gaps_says_so(place):
    place.export("complaints.csv", "complaint id,product\n1,card\n2,loan\n")
    folders = ["--sources", str(place.sources), "--exports", str(place.exports)]
    result = CliRunner().invoke(app, ["sources", "new", str(place.exports / "complaints.csv"), *folders])
    assert result.exit_code == 0
    assert "cases needs opened_at" in result.output


HANDBOOK = (PROJECT_ROOT / "docs" / "connecting_an_export.md").read_text(encoding="utf-8")


def test_example_of_the_handbook_loads(tmp_path):
    example, *_ = re.findall(r"```yaml\n(source: .*?)```", HANDBOOK, re.DOTALL)
    (tmp_path / "a.yml").write_text(example, encoding="utf-8")
    source_files.load(tmp_path / "a.yml")


@pytest.mark.parametrize("model", [SourceDocument, FileSet, FieldMapping])
def test_every_setting_is_in_the_handbook(model):
    for name, field in model.model_fields.items():
        assert f"| `{field.alias or name}` |" in HANDBOOK


@pytest.mark.real_data
def test_examples_fit_the_real_data(real_data, tmp_path):
    out = io.StringIO()
    config = settings.load(
        sources=PROJECT_ROOT / "seeds" / "sources" / "examples", exports=real_data, home=tmp_path / "home"
    )
    assert source_check.check(config, Console(file=out, width=96)), out.getvalue()
    assert "4 sources fit. Next" in out.getvalue()


def test_identifiers_with_lost_digits_are_refused_however_few_with_the_way_to_keep_them(place: Place) -> None:
    lines = [f"{7000 + i},2024-02-01,Open\n" for i in range(99)] + ["5.00E+17,2024-02-01,Open\n"]
    place.source().export(content="id,opened,state\n" + "".join(lines))
    line = line_of(SOURCE, "case_id")
    expected = "cases.csv:101: cases.case_id cannot be used: its digits are lost"
    place.error("crm.yml", line, expected, "'9.99x+99' (masked)", "Export this column as text")


def test_codes_that_look_like_numbers_with_an_exponent_pass(place: Place) -> None:
    lines = [f"{code},2024-02-01,Open\n" for code in ("1E5", "5E17", "4F2A", "99")]
    place.source().export(content="id,opened,state\n" + "".join(lines))
    assert place.check()[0]


# ---------------------------------------------------------------- keys and times

CALLS = """\
source: tel
time_zone: UTC
files:
  calls:
    glob: "calls*"
    feeds:
      contacts:
        contact_id: call_id
        channel: "'voice'"
        started_at: start
        ended_at: ended
"""


def calls(*rows: tuple[object, ...]) -> str:
    return "call_id,start,ended\n" + "".join(f"{','.join(map(str, row))}\n" for row in rows)


def minute(i: int, day: int = 1) -> str:
    return f"2024-02-{day:02} {i // 60 % 24:02}:{i % 60:02}:00"


def test_a_key_that_repeats_behind_the_sample_is_an_error_with_both_lines_and_a_way_out(place):
    """The check said `fits`, and the mart held 15,516 of 33,344 calls."""
    rows = [(i % 1500, minute(i, 1 + i // 1440), "") for i in range(2500)]
    place.source(CALLS).export("calls.csv", calls(*rows))
    line = line_of(CALLS, "contact_id: call_id")
    place.error(
        "crm.yml", line,
        "contacts: contact_id is the same in calls.csv:2 and calls.csv:1502, but started_at differs; "
        "1,500 of 2,500 rows would remain.",
        "contact_id: left(keyed_hash('row', concat_ws('|', call_id, start)), 20)",
    )  # fmt: skip
    made = CALLS.replace(
        "contact_id: call_id", "contact_id: left(keyed_hash('row', concat_ws('|', call_id, start)), 20)"
    )
    assert place.source(made).check()[0]
    # Whoever says which row counts has decided.
    said = CALLS.replace("contact_id: call_id", "keep: last\n        contact_id: call_id")
    is_fine, text = place.source(said).check()
    assert is_fine
    assert "1,000 keys with several rows: the last of each counts" in text
    assert re.search(r"on the map channel\n +blind without \w+ \(BS", text)


def test_a_key_that_starts_anew_every_day_is_an_error_over_all_files(place):
    for day in (1, 2):
        place.export(
            f"calls-{day}.csv.gz", gzip.compress(calls(*((i, minute(i, day), "") for i in range(9))).encode())
        )
    line = line_of(CALLS, "contact_id: call_id")
    place.source(CALLS).error(
        "crm.yml", line, "calls-1.csv.gz:2 and calls-2.csv.gz:2", "9 of 18 rows would remain"
    )


def test_rows_delivered_again_and_few_corrections_share_their_key_rightly(place):
    first = [(i, minute(i), "") for i in range(60)]
    place.source(CALLS).export("calls-1.csv", calls(*first))
    assert place.export("calls-2.csv", calls(*first)).check()[0]
    place.export("calls-2.csv", calls((0, minute(61), ""), *first[1:]))
    place.warning("crm.yml", line_of(CALLS, "contact_id: call_id"), "calls-1.csv:2 and calls-2.csv:2")


def test_a_log_of_events_may_repeat_its_key(place):
    text = CALLS[: CALLS.index("      contacts:")] + (
        "      escalations:\n        escalation_id: call_id\n        type: \"'functional'\"\n        requested_at: start\n"
    )
    place.source(text).export("calls.csv", calls(("C1", minute(1), ""), ("C1", minute(2), "")))
    is_fine, expected = place.check()
    assert is_fine
    assert "1 key with several rows: the first of each counts" in expected


def test_keys_of_rows_without_a_date_of_their_own_are_compared_whole(place):
    text = CALLS[: CALLS.index("      contacts:")] + (
        "      agents:\n        agent_id: call_id\n        role: start\n        team_id: ended\n"
    )
    rows = [(i % 1500, "agent", "x" if i < 1500 else "y") for i in range(1600)]
    place.source(text).export("calls.csv", calls(*rows))
    place.warning(
        "crm.yml", line_of(text, "agent_id: call_id"),
        "agents: agent_id is the same in calls.csv:2 and calls.csv:1502, but other fields differ; "
        "1,500 of 1,600 rows would remain.",
        "fill valid_from too",
    )  # fmt: skip


def test_lines_of_shared_keys_are_right_behind_values_with_line_breaks(place):
    text = CALLS.replace("ended_at: ended", "disposition: ended")
    rows = [(1, minute(1), '"a\nb"'), (2, minute(2), ""), (2, minute(3), "")]
    place.source(text).export("calls.csv", calls(*rows) + "damaged\n")
    place.error("crm.yml", line_of(text, "contact_id: call_id"), "calls.csv:4 and calls.csv:5")


def test_impossible_times_and_placeholders_are_reported_with_a_share_and_a_line(place):
    rows = [
        (i, minute(60 + i), minute(1 + i) if i < 5 else "1970-01-01" if i < 7 else minute(70 + i))
        for i in range(40)
    ]
    place.source(CALLS).export("calls.csv", calls(*rows))
    line = line_of(CALLS, "ended_at: ended")
    place.warning(
        "crm.yml", line,
        "contacts.ended_at lies before started_at in 5 of 40 rows (12%), e.g. calls.csv:2; these get no duration.",
    )  # fmt: skip
    place.warning(
        "crm.yml", line, "contacts.ended_at holds a placeholder such as 1970-01-01 in 2 of 40 rows (5%)."
    )
    timed = CALLS.replace("ended_at: ended", "ended_at: ended\n        duration_seconds: \"'60'\"")
    assert "lies before" not in place.source(timed).check()[1]


def test_words_outside_the_vocabulary_are_named_with_their_rows(place: Place) -> None:
    """Such values land, and no model sees them: nobody would notice without a sentence."""
    rows = "".join(
        f"C{i},2024-02-01 10:{i:02}:00,{'In progress' if i % 2 else 'on-hold'}\n" for i in range(10)
    )
    is_right, text = place.source().export(content="id,opened,state\n" + rows).check()
    assert is_right
    assert f"crm.yml:{line_of(SOURCE, 'status')}" in text
    assert "cases.status holds words outside the vocabulary in 5 of 10 rows: 'In progress' (5 rows)." in text
    assert "on-hold'" not in text
    assert "Map each to one of: new, open, pending, on_hold, resolved, closed." in text


JSON_SOURCE = SOURCE.replace("glob: cases.csv", "glob: cases.json\n    format: json")


def test_a_wrapper_is_named_with_the_setting_that_opens_it(place: Place) -> None:
    rows = [{"id": i, "opened": "2024-02-01", "state": "Open"} for i in range(3)]
    place.source(JSON_SOURCE).export("cases.json", json.dumps({"result": rows, "next": None}))
    expected = "Found an object with keys result, next; expected one object a record with id, opened"
    place.error("crm.yml", line_of(JSON_SOURCE, "case_id"), expected, "add `records: result`")
    place.source(JSON_SOURCE.replace("format: json", "format: json\n    records: result"))
    is_fine, text = place.check()
    assert is_fine, text
    assert "first 3 records, all fit" in text


def test_records_mean_nothing_outside_json(place: Place) -> None:
    place.source(SOURCE.replace("glob: cases.csv", "glob: cases.csv\n    records: tickets")).export()
    place.error("crm.yml", 4, "records means nothing for csv; set format: json")


@pytest.mark.parametrize("as_lines", [True, False])
def test_keys_that_differ_by_case_are_shown_as_they_land(place: Place, as_lines: bool) -> None:
    rows = [{"id": 1, "opened": "2024-02-01", "state": "a"}, {"ID": 2, "opened": "2024-02-01", "State": "b"}]
    text = "\n".join(map(json.dumps, rows)) if as_lines else json.dumps(rows)
    source = JSON_SOURCE.replace("format: json", "format: jsonl") if as_lines else JSON_SOURCE
    is_fine, expected = place.source(source).export("cases.json", text).check()
    assert is_fine, expected
    assert "first 2 records, all fit" in expected
    assert re.search(r"filled +case_id, opened_at, status", expected), expected


def test_files_of_one_layout_are_read_together_and_their_lines_stay_apart(place):
    for day in range(1, 4):
        rows = [(f"{day}-{i}", minute(i, day), "") for i in range(20)]
        place.export(f"calls-{day}.csv", calls(*rows, ("same", minute(30, day), "")))
    place.export("calls-3.csv", calls(("x", minute(1), ""), ("y", minute(2), ""), ("y", minute(3), "")))
    line = line_of(CALLS, "contact_id: call_id")
    place.source(CALLS).error("crm.yml", line, "calls-3.csv:3 and calls-3.csv:4")
    assert "calls-1.csv:22 and calls-2.csv:22" in place.check()[1]


NAMELESS_CALLS = "".join(
    f"2025/03/{i % 27 + 1:02} 09:{i:02}:14,00:0{i % 7 + 1}:1{i % 10},12125550{i % 25 + 100},{'IO'[i % 4 == 3]},"
    f"12125550190,{7_100_015 + i},Ann Fictus\n"
    for i in range(40)
)


def cells_of_people(text: str) -> set[str]:
    """Names and numbers of a file of calls, and the digits of its first stamp."""
    return {cell for line in text.splitlines() for cell in line.split(",") if len(cell) > 8 or " " in cell}


@pytest.mark.parametrize(
    "header", ["", "    header: [column_1, column_2, column_3, column_4, column_5, column_6, column_7]\n"]
)
def test_a_file_without_names_shows_none_of_its_cells(place, header):
    """Its first record would be taken for the names of columns, and names are shown."""
    source = SOURCE.replace("    feeds:", header + "    feeds:").replace(
        "cases:\n        case_id: id\n",
        "contacts:\n        contact_id: column_6\n        channel: \"'voice'\"\n",
    )
    fields = {"opened_at: opened": "started_at: column_1", "status: state": "ani: column_3"}
    for old, new in fields.items():
        source = source.replace(old, new)
    sound, text = place.source(source).export(content=NAMELESS_CALLS).check()
    assert sound is bool(header)
    assert not [cell for cell in cells_of_people(NAMELESS_CALLS) if cell in text]
    if not header:
        assert "its first line looks like a record and not like names; list the names under `header`" in text


def test_titles_above_the_names_are_no_columns(place):
    titles = "Cases of Ann Fictus\n\n"
    sound, text = place.source().export(content=titles + CASES).check()
    assert not sound
    assert "its names seem to stand below 2 other lines; set `skip: 2`" in text
    assert "Fictus" not in text
    sound, _ = place.source(SOURCE.replace("    feeds:", "    skip: 2\n    feeds:")).check()
    assert sound


@pytest.mark.parametrize(("region", "n_warnings"), [("", 1), ("phone_region: DE\n", 0)])
def test_numbers_without_a_country_code_lead_to_the_setting_for_them(place, region, n_warnings):
    """Without it, every caller number would land empty, and nobody would know why."""
    calls = f"source: calls\n{region}" + SOURCE.partition("\n")[2]
    calls = calls.replace("cases:", "contacts:").replace("case_id: id", "contact_id: id\n        ani: caller")
    calls = calls.replace("opened_at: opened", "started_at: opened").replace(
        "status: state", "channel: \"'voice'\""
    )
    place.source(calls)
    place.export(content="id,opened,caller\n" + "c1,2024-02-01,030 23125 545\nc2,2024-02-01,+493023125545\n")
    text = " ".join(place.check()[1].split())
    assert text.count("contacts.ani has no country code in 1 of 2 rows (50%)") == n_warnings
    assert text.count("`phone_region: DE`") == n_warnings


def test_a_setting_with_an_old_name_is_a_warning_with_its_line(place: Place) -> None:
    """Without it the next version would refuse a source file that nobody had a reason to look at."""
    place.source(SOURCE.replace("cases.csv", "cases.csv\n    known: [other]")).export()
    place.warning("crm.yml", 6, "the setting 'known' is called 'ignore_columns' now. Rename it")
