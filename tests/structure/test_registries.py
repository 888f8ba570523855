"""Registries are whole, and what they promise exists in SQL and in tests."""

import csv
import re

import pytest
import yaml

from orchestration.onboarding import roles
from orchestration.sources import contract
from tests.conftest import PROJECT
from tests.structure.reading import (
    MODELS,
    below,
    implemented,
    models,
    registry,
    sql_files,
    text_of,
    without_comments,
    yaml_entries,
)

JUDGE = "BS49"  # judges the judging itself, after the coverage models
VERDICTS = ("fires", "stays_quiet", "does_not_apply")


MEASURED = [row for row in registry("blind_spots") if row["model"] and row["blind_spot_id"] != JUDGE]
COVERAGE = MODELS / "findings" / "coverage"
METRICS = MODELS / "findings" / "metrics"
DEFINITIONS = registry("metric_definitions")
# Cases in which metrics are easily wrong. A unit test is named after the number of its metric and the case.
CASES = ("ordinary", "tie", "missing_value", "daylight_saving", "changed_later", "impossible_stamp")
METRIC_CASES = list(
    csv.DictReader((PROJECT / "tests" / "models" / "metric_cases.csv").open(encoding="utf-8"))
)


def number_of(metric_id: str) -> int:
    """The number of a metric in the dictionary; letters are variants."""
    found = re.fullmatch(r"M(\d+)[a-z]?", metric_id)
    assert found, metric_id
    return int(found[1])


def _id_of(row: dict[str, str]) -> str:
    return row["blind_spot_id"]


def test_every_blind_spot_is_registered_once_and_in_order() -> None:
    assert [row["blind_spot_id"] for row in registry("blind_spots")] == [f"BS{n:02d}" for n in range(1, 51)]


@pytest.mark.parametrize("row", registry("blind_spots"), ids=lambda row: row["blind_spot_id"])
def test_every_blind_spot_says_who_does_what_about_it(row: dict[str, str]) -> None:
    for column in ("name", "overlap_group", "owner_function", "remedy", "question"):
        assert row[column].strip(), f"{row['blind_spot_id']} has no {column}"
    assert row["question"].endswith("?")
    assert row["severity"] in {"info", "warn", "error"}
    assert row["is_implemented"] in {"true", "false"}
    assert 0 <= float(row["warn_share"]) <= float(row["blind_share"]) <= 1
    assert row["entity"] in {*contract.entities(), ""}
    assert row["entity"] or row["blind_spot_id"] == JUDGE


def test_what_is_implemented_has_a_model_and_nothing_else_has() -> None:
    assert [row["blind_spot_id"] for row in registry("blind_spots") if row["model"]] == implemented()


def test_every_measured_blind_spot_is_one_model_in_the_folder_of_its_overlap_group() -> None:
    """Without it, a model that no row names is built but counts nowhere."""
    registered = {COVERAGE / row["overlap_group"] / f"{row['model']}.sql" for row in MEASURED}
    assert registered == {
        path for path in models() if path.is_relative_to(COVERAGE) and path.parent != COVERAGE
    }


@pytest.mark.parametrize("row", MEASURED, ids=_id_of)
def test_a_coverage_model_is_named_after_its_blind_spot(row: dict[str, str]) -> None:
    assert re.fullmatch(rf"cov_{row['blind_spot_id'].lower()}(_[a-z0-9]+)+", row["model"])


@pytest.mark.parametrize("row", MEASURED, ids=_id_of)
def test_a_coverage_model_ends_in_the_columns_that_all_of_them_share(row: dict[str, str]) -> None:
    sql = without_comments(text_of(COVERAGE / row["overlap_group"] / f"{row['model']}.sql"))
    counts = r"\{\{ source_dimensions\([^)]*\) \}\}, [^{}]* as n_affected, [^{}]* as n_undecidable, [^{}]* as n_total"
    assert re.search(rf"(\{{\{{ counted\(\"findings\"\) \}}\}}|{counts} from .*)$", sql)


def test_the_blind_spot_of_the_judges_is_measured_where_they_are_read() -> None:
    (model,) = (row["model"] for row in registry("blind_spots") if row["blind_spot_id"] == JUDGE)
    assert any(JUDGE in text_of(path) for path in models() if path.stem == model)


@pytest.mark.parametrize("blind_spot_id", implemented())
def test_every_implemented_blind_spot_is_tested_firing_quiet_and_not_applicable(blind_spot_id: str) -> None:
    names = [entry["name"] for _, entry in yaml_entries("unit_tests")]
    own = " ".join(name for name in names if name.startswith(f"{blind_spot_id.lower()}_"))
    assert [verdict for verdict in VERDICTS if verdict not in own] == []


@pytest.mark.parametrize("row", MEASURED, ids=_id_of)
def test_unit_tests_of_a_blind_spot_test_its_own_model_and_stand_beside_it(row: dict[str, str]) -> None:
    beside = COVERAGE / row["overlap_group"] / "_unit_tests.yml"
    tested = {
        (file, entry["name"].startswith(f"{row['blind_spot_id'].lower()}_"))
        for file, entry in yaml_entries("unit_tests")
        if entry["model"] == row["model"]
    }
    assert tested == {(beside, True)}


def test_registered_metrics_are_linked_to_registered_blind_spots() -> None:
    blind_spots = {row["blind_spot_id"] for row in registry("blind_spots")}
    metrics = {row["metric_id"] for row in registry("heatmap_metrics")}
    links = [(row["metric_id"], row["blind_spot_id"]) for row in registry("metric_blind_spots")]
    assert {blind_spot for _, blind_spot in links} <= blind_spots
    assert {metric for metric, _ in links} == metrics
    assert len(links) == len(set(links))
    assert all(row["reason"].strip() for row in registry("metric_blind_spots"))


def test_every_metric_of_the_heatmap_has_one_model_with_a_test_and_no_other_has() -> None:
    metrics = {path.stem for path in models() if path.is_relative_to(METRICS / "journeys")}
    assert metrics == {f"met_{row['metric_id']}" for row in registry("heatmap_metrics")}
    assert metrics <= {entry["model"] for _, entry in yaml_entries("unit_tests")}


def test_every_metric_of_a_day_has_its_definitions_in_the_registry_and_no_other_has() -> None:
    """Without it, a metric is computed and never published, or published without a formula."""
    computed = {
        path.stem: set(re.findall(r'"(M\d+[a-z]?(?:_\w+)?)": \{', text_of(path)))
        for path in models()
        if path.is_relative_to(METRICS / "daily") and path.stem != "met_daily"
    }
    registered: dict[str, set[str]] = {}
    for row in DEFINITIONS:
        registered.setdefault(row["model"], set()).add(row["definition_id"])
    assert computed == registered


def test_definitions_of_metrics_say_what_they_mean() -> None:
    for row in DEFINITIONS:
        assert row["definition_id"].split("_")[0] == row["metric_id"], row
        assert row["model"].startswith(f"met_m{number_of(row['metric_id']):02d}_"), row
        assert row["formula"].endswith("."), row
        assert int(row["version"]) >= 1, row


def test_every_metric_has_one_default_definition() -> None:
    defaults = [row["metric_id"] for row in DEFINITIONS if row["is_default"] == "true"]
    assert sorted(defaults) == sorted({row["metric_id"] for row in DEFINITIONS})


def test_thresholds_of_a_metric_are_its_parameters() -> None:
    """Without it, another target would change a metric and keep its version."""
    linked = {row["definition_id"] for row in registry("metric_parameters")}
    assert linked <= {row["definition_id"] for row in DEFINITIONS}
    assert {row["threshold_id"] for row in registry("metric_parameters")} <= {
        row["threshold_id"] for row in registry("thresholds")
    }


@pytest.mark.parametrize("number", sorted({number_of(row["metric_id"]) for row in DEFINITIONS}))
def test_every_metric_is_tested_in_each_case_or_says_why_not(number: int) -> None:
    names = [entry["name"] for _, entry in yaml_entries("unit_tests")]
    excused = {row["test_case"]: row["why_not"] for row in METRIC_CASES if row["metric"] == f"M{number}"}
    for case in CASES:
        is_tested = any(name.startswith(f"m{number:02d}_{case}_") for name in names)
        assert is_tested != bool(excused.get(case)), f"M{number}, {case}"


def test_thresholds_are_unique_numbers_with_a_unit_and_a_sentence() -> None:
    ids = [row["threshold_id"] for row in registry("thresholds")]
    assert len(ids) == len(set(ids))
    for row in registry("thresholds"):
        float(row["value"])
        assert row["unit"]
        assert row["description"].endswith(".")


def test_every_threshold_in_use_is_registered() -> None:
    used = {
        t
        for path in sql_files()
        for t in re.findall(r"threshold(?:_literal)?\([\"'](\w+)[\"']\)", text_of(path))
    }
    assert used <= {row["threshold_id"] for row in registry("thresholds")}


def test_absent_entities_name_registered_blind_spots() -> None:
    named = {blind_spot for entity in contract.entities().values() for blind_spot in entity.absent}
    assert named <= {row["blind_spot_id"] for row in registry("blind_spots")}


def test_registries_hold_no_line_breaks_or_stray_spaces() -> None:
    for path in below("seeds/reference", ".csv"):
        rows = registry(path.stem)
        assert all(value == value.strip() and "\n" not in value for row in rows for value in row.values()), (
            path
        )


def test_registries_are_described_column_by_column_in_their_order() -> None:
    """Without it, whoever opens the published file has to guess what a column means."""
    described = {
        entry["name"]: [column["name"] for column in entry["columns"] if column["description"]]
        for file in below("seeds/reference", ".yml")
        for entry in yaml.safe_load(text_of(file))["seeds"]
        if entry["description"].startswith("One row per ")
    }
    existing = {path.stem: list(registry(path.stem)[0]) for path in below("seeds/reference", ".csv")}
    assert described == existing


def test_fields_that_decide_a_blind_spot_or_make_an_axis_are_optional_fields_of_the_contract() -> None:
    """A renamed field would leave its blind spot unexplained in every check."""
    of_axes = {field for fields in roles.AXES.values() for field in fields}
    named = {*roles.deciding(), *of_axes}
    entities = contract.entities()
    columns = {f"{e.name}.{c.name}": c for e in entities.values() for c in e.columns.values()}
    assert named <= columns.keys()
    assert not [name for name in roles.deciding() if columns[name].is_required]


def test_every_axis_of_the_map_has_fields() -> None:
    macro = next(text_of(path) for path in sql_files() if "macro heatmap_pairs" in text_of(path))
    assert set(re.findall(r"[\"'](\w+)[\"']", macro)) == set(roles.AXES)


def test_only_blind_spots_that_are_measured_name_fields() -> None:
    assert {row["blind_spot_id"] for row in registry("blind_spot_fields")} <= set(implemented())


def test_lists_of_breaks_and_fields_equal_the_tables_that_take_their_place() -> None:
    """Both are published for one version; without it, one of them would say something else."""
    breaks: dict[str, list[str]] = {}
    for row in registry("blind_spot_breaks"):
        assert re.fullmatch(r"B(0[1-9]|1[0-7])", row["break_id"])
        breaks.setdefault(row["blind_spot_id"], []).append(row["break_id"])
    fields: dict[str, list[str]] = {}
    for row in registry("blind_spot_fields"):
        fields.setdefault(row["blind_spot_id"], []).append(f"{row['entity']}.{row['field']}")
    for row in registry("blind_spots"):
        assert row["breaks_affected"] == ";".join(breaks.pop(row["blind_spot_id"], []))
        assert row["fields"] == ";".join(fields.pop(row["blind_spot_id"], []))
    assert not breaks
    assert not fields
