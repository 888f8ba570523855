"""What analysts and schedulers find in Dagster."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from orchestration import settings
from orchestration.base import engine
from orchestration.runs.workspace import Workspace
from orchestration.sources import contract
from orchestration.sources.connectors import bundle
from tests.conftest import PROJECT
from tests.integration.conftest import DEMO
from tests.integration.lineage import asset_graph

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAULTLINE_HOME", str(tmp_path_factory.mktemp("definitions")))
        patch.setenv("FAULTLINE_SOURCES", str(DEMO / "sources"))
        patch.setenv("FAULTLINE_EXPORTS", str(DEMO / "exports"))
        settings.apply(settings.load())
        from orchestration.definitions import build_definitions

        return build_definitions()


@pytest.fixture(scope="module")
def graph(definitions: dg.Definitions) -> Any:
    return definitions.resolve_asset_graph()


def test_every_raw_table_is_an_asset_of_the_same_name(graph: Any) -> None:
    keys = {tuple(key.path) for key in graph.get_all_asset_keys()}
    assert {("raw_mapped", name) for name in contract.entities()} <= keys
    assert {(table.schema, table.name) for table in bundle.all_tables()} <= keys


def test_the_graph_is_the_one_on_record(definitions: dg.Definitions) -> None:
    """Without it, a parent, a check or an owner could go without anybody seeing it in a change."""
    assert asset_graph.text(definitions) == asset_graph.FILE.read_text(encoding="utf-8"), (
        "run `make generate`"
    )


@pytest.mark.parametrize(
    ("upstream", "downstream"),
    [
        ("raw_mapped/contacts", "staging/stg_mapped__contacts"),
        # Staging is inlined: what reads it comes after its raw table.
        ("raw_faultline/deliveries", "marts/mart_source_health"),
        ("raw_mapped/contacts", "intermediate/int_entity__contacts"),
        ("raw_amazon_connect/contact_records", "intermediate/int_amazon_connect__contact_records"),
        # Models of vendors are inlined, too. A table behind one is a parent of what reads it.
        ("intermediate/int_amazon_connect__contact_records", "intermediate/int_entity__legs"),
        ("intermediate/int_amazon_connect__legs", "intermediate/int_entity__legs"),
        ("raw_amazon_connect/contact_events", "intermediate/int_entity__legs"),
        ("staging/stg_mapped__contacts", "intermediate/int_entity__contacts"),
        ("intermediate/int_entity__contacts", "intermediate/int_contact__enriched"),
        ("intermediate/int_contact__enriched", "marts/mart_contact"),
        ("intermediate/int_contact__enriched", "coverage/cov_bs01_contacts_without_case"),
        ("coverage/cov_scopes", "judged/blind_spot_results"),
        ("metrics/met_escalated", "metrics/met_all"),
        ("intermediate/int_journey__journeys", "metrics/met_all"),
        ("metrics/met_all", "intermediate/int_heatmap__counts"),
        ("judged/blind_spot_results", "marts/mart_blind_spot"),
        ("marts/mart_escalation_heatmap", "published/marts"),
        ("marts/mart_case", "published/marts"),
    ],
)
def test_lineage(graph: Any, upstream: str, downstream: str) -> None:
    node = graph.get(dg.AssetKey(downstream.split("/")))
    assert dg.AssetKey(upstream.split("/")) in node.parent_keys


def test_dbt_builds_once_before_the_judgement_and_once_after(definitions: dg.Definitions) -> None:
    """Without it, each inlined model between two tables could split the build; every part starts dbt anew."""
    steps = {node.name for node in definitions.resolve_job_def("publish_marts").nodes}
    assert steps == {
        "land_exports",
        "models_up_to_coverage",
        "judged__blind_spot_results",
        "models_after_judgement",
        "published__marts",
    }


@pytest.mark.parametrize(
    ("asset", "domain", "is_personal"),
    [
        ("raw_mapped/contacts", "sources", True),
        ("raw_zendesk/users", "sources", True),
        ("raw_faultline/parameters", "sources", False),
        ("marts/mart_contact", "contacts", True),
        ("marts/mart_escalation_heatmap", "heatmap", False),
        ("staging/stg_zendesk__tickets", "sources", False),
        ("judged/blind_spot_results", "blind_spots", False),
        ("published/marts", "publication", False),
    ],
)
def test_assets_are_found_by_domain_and_personal_data(
    graph: Any, asset: str, domain: str, is_personal: bool
) -> None:
    tags = graph.get(dg.AssetKey(asset.split("/"))).tags
    assert (tags["domain"], "personal_data" in tags) == (domain, is_personal)


def test_every_asset_says_what_it_is_and_whose(graph: Any) -> None:
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        if not node.is_materializable:
            continue
        assert node.description, key
        assert node.owners, key
        assert node.group_name in {
            "raw", "staging", "intermediate", "coverage", "metrics", "judged", "marts", "reference", "published",
        }, key  # fmt: skip


@pytest.mark.parametrize(
    ("model", "group"),
    [
        ("staging/stg_zendesk__tickets", "sources"),
        ("intermediate/int_identity__contacts", "identity"),
        ("coverage/cov_scopes", "blind_spots"),
        ("marts/mart_source_health", "sources"),
        ("marts/mart_escalation_heatmap", "heatmap"),
        ("reference/blind_spots", "reference"),
    ],
)
def test_models_belong_to_the_owner_of_their_dbt_group(graph: Any, model: str, group: str) -> None:
    groups = yaml.safe_load((PROJECT / "dbt_project" / "models" / "groups.yml").read_text(encoding="utf-8"))
    (owner,) = (one["owner"]["name"] for one in groups["groups"] if one["name"] == group)
    owners = graph.get(dg.AssetKey(model.split("/"))).owners
    assert owners == [f"team:{owner.lower().replace(' ', '-')}"]


def test_no_asset_check_waits_for_a_test_that_runs_leave_out(graph: Any) -> None:
    """The UI would show the check as never executed, which reads as a fault."""
    names = {key.name for key in graph.asset_check_keys}
    assert any(name.startswith("unique_combination_") for name in names)
    assert [name for name in names if name.startswith("key_")] == []


def test_each_measured_blind_spot_is_an_asset_check(graph: Any) -> None:
    checks = {key.name.split("_")[0] for key in graph.asset_check_keys if key.asset_key.path[0] == "judged"}
    measured = (
        "BS01 BS02 BS03 BS04 BS07 BS08 BS10 BS11 BS13 BS20 BS25 BS26 BS38 BS40 BS41 BS44 BS46 BS47 BS49"
    )
    assert checks >= set(measured.split())


def test_one_job_one_daily_schedule_in_one_process(definitions: dg.Definitions) -> None:
    repository = definitions.get_repository_def()
    assert [schedule.name for schedule in repository.schedule_defs] == ["daily"]
    assert repository.schedule_defs[0].job_name == "publish_marts"
    assert repository.get_job("publish_marts").executor_def.name == "in_process"


def test_materialize_all_runs_in_one_process_under_one_lock(definitions: dg.Definitions) -> None:
    """Without it, each step of "Materialize all" would lock for itself, and another run could come in between."""
    jobs = definitions.get_repository_def().get_all_jobs()
    assert {job.executor_def.name for job in jobs} == {"in_process"}
    assert any(job.name.startswith("__ASSET_JOB") for job in jobs)


@pytest.mark.parametrize(("asked", "seen"), [("2026-01-31T18:00:00Z", "2026-01-31T18:00:00Z"), (None, "")])
def test_a_run_can_be_asked_to_look_from_another_moment(
    definitions: dg.Definitions, monkeypatch: pytest.MonkeyPatch, asked: str | None, seen: str
) -> None:
    """As in the launchpad of the UI; without the entry, the settings say it."""
    monkeypatch.delenv("FAULTLINE_AS_OF", raising=False)
    given = {"resources": {"workspace": {"config": {"as_of": asked}}}} if asked else {}
    job = definitions.resolve_job_def("publish_marts")
    checked = dg.validate_run_config(job, given)
    config = checked["resources"]["workspace"]["config"]
    assert Workspace(**config).settings.as_of == seen


def test_the_ui_looks_for_killed_runs(definitions: dg.Definitions) -> None:
    sensor = definitions.get_sensor_def("killed_runs")
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    assert sensor.minimum_interval_seconds == 60


def test_stale_publications_are_noticed(graph: Any) -> None:
    assert graph.get(dg.AssetKey(["published", "marts"])).freshness_policy is not None


def test_publishing_obeys_the_settings(
    definitions: dg.Definitions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it, the last step alone would take more memory and cores than its user allows."""
    from orchestration.defs import publish
    from orchestration.publish.publication import Publication

    monkeypatch.setenv("FAULTLINE_HOME", str(tmp_path))
    monkeypatch.setenv("FAULTLINE_MEMORY_LIMIT", "321MB")
    monkeypatch.setenv("FAULTLINE_THREADS", "1")
    home = settings.load().paths.create()
    with engine.connect(home.warehouse) as connection:
        connection.execute("CREATE SCHEMA marts; CREATE TABLE marts.mart_source_span (as_of_at TIMESTAMP)")
    given = {}

    def spy(*_: object, limits: engine.Limits, **__: object) -> Publication:
        given["limits"] = limits
        return Publication("id", home.published, {})

    monkeypatch.setattr(publish.publication, "publish", spy)
    monkeypatch.setattr(publish, "_marts", list)
    publish.published_marts(dg.build_asset_context(), Workspace())
    assert given["limits"] == engine.Limits("321MB", 1, home.scratch)
