"""dbt models as assets, in place, with their lineage from raw tables to marts."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliResource,
    DbtProject,
    dbt_assets,
)
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from orchestration import settings
from orchestration.base import engine, progress
from orchestration.defs import blind_spots
from orchestration.defs.previews import preview
from orchestration.defs.tags import personal_data
from orchestration.publish import built
from orchestration.runs import dbt_project
from orchestration.runs.workspace import Workspace
from orchestration.sources import raw_tables

# What needs a judgement, and all that follows; everything else comes before it.
_JUDGED = f"source:{blind_spots.JUDGED[0]}+"
KEY_TESTS = "tag:grain"
"""The tests of keys below the marts: `make test` runs them, a run of the pipeline does not."""
_NOT_BUILT = f"resource_type:unit_test {KEY_TESTS}"

FIRST_RAW_TABLE = dg.AssetKey([raw_tables.SYSTEM_SCHEMA, "sources"])


class LayerTranslator(DagsterDbtTranslator):
    """Groups assets by layer and takes owners from the dbt groups."""

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        """Takes owner and tags from the dbt group, adds inlined parents, ties registries to the raw tables.

        All is built together, or nothing is. What reads an inlined model also keeps the tables behind it as
        parents: Dagster puts no step behind another for the sake of an asset that no step makes.
        """
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = self.get_resource_props(manifest, unique_id)
        if node["resource_type"] != "source":
            spec = spec.replace_attributes(owners=_owners(manifest, node), tags={**spec.tags, **_tags(node)})
        inlined = [_key(parent) for parent in _parents_of(manifest, node) if _is_inlined(parent)]
        is_seed = node["resource_type"] == "seed"
        return spec.merge_attributes(deps=[*inlined, *([FIRST_RAW_TABLE] if is_seed else [])])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The layer: staging, intermediate, coverage, metrics, marts or reference."""
        return str(dbt_resource_props["schema"])

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The description without the SQL, which the UI would cut anyway."""
        return str(dbt_resource_props["description"])


def _is_inlined(node: Mapping[str, Any]) -> bool:
    return bool(node["resource_type"] == "model" and node["config"]["materialized"] == "ephemeral")


def _is_source(node: Mapping[str, Any]) -> bool:
    return bool(node["resource_type"] == "source")


def _parents_of(manifest: Mapping[str, Any], node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The models, registries and sources that a node reads; a source reads nothing."""
    names = node.get("depends_on", {}).get("nodes", [])
    return [manifest["nodes"].get(name) or manifest["sources"][name] for name in names]


def _key(node: Mapping[str, Any]) -> dg.AssetKey:
    return dg.AssetKey([node.get("source_name") or node["schema"], node["name"]])


def inlined_specs(manifest: Mapping[str, Any]) -> list[dg.AssetSpec]:
    """Inlined models for the lineage; no step makes them, because dbt writes them into what reads them.

    A table of dbt is a parent of what reads the inlined model, but not of the inlined model itself: Dagster
    would take it for made between two tables, and split the step that builds them. Each step starts dbt anew.
    """
    return [
        dg.AssetSpec(
            _key(node),
            deps=[_key(one) for one in _parents_of(manifest, node) if _is_source(one) or _is_inlined(one)],
            description=node["description"],
            group_name=node["schema"],
            owners=_owners(manifest, node),
            tags=_tags(node),
        )
        for node in manifest["nodes"].values()
        if _is_inlined(node)
    ]


def _owners(manifest: Mapping[str, Any], node: Mapping[str, Any]) -> list[str]:
    """Owners of a node's dbt group as Dagster writes them."""
    return [_team(manifest["groups"][f"group.faultline.{node['config']['group']}"]["owner"]["name"])]


def _tags(node: Mapping[str, Any]) -> dict[str, str]:
    """The domain of a node, and whether its declared columns stand for people."""
    return personal_data(node["columns"]) | {"domain": node["config"]["group"]}


def _team(name: str) -> str:
    """The owner of a dbt group as Dagster writes it, e.g. `team:data-engineering`."""
    return f"team:{name.lower().replace(' ', '-')}"


def build(context: dg.AssetExecutionContext, dbt: DbtCliResource, workspace: Workspace) -> Iterator[Any]:
    """Builds and tests the selected models; dbt holds the warehouse alone while it runs."""
    keys = {key.path[0] for key in context.selected_asset_keys}
    progress.say(f"Building {len(context.selected_asset_keys)} models: {', '.join(sorted(keys))}")
    parents, selected = _parents(), {relation_of(key) for key in context.selected_asset_keys}
    with workspace.connect() as connection, engine.transaction(connection):
        built.require_parents(connection, parents, selected)
        built.clear(connection, selected)
    if "coverage" in keys:
        blind_spots.prepare()
    # Nobody reads what dbt writes of itself at the end of a build, and it takes a second each time.
    arguments = ["build", "--exclude-resource-type", "unit_test", "--exclude", KEY_TESTS, "--no-write-json"]
    events, failure = _exhausted(
        dbt.cli(arguments, context=context, target_path=dbt_project.target(workspace.settings)).stream()
    )
    if failure is not None:
        yield from events
        raise failure
    with workspace.connect() as connection:
        outputs = [event for event in events if isinstance(event, dg.Output)]
        materialized = [relation_of(context.asset_key_for_output(event.output_name)) for event in outputs]
        built.record(connection, parents, materialized)
    with workspace.connect(read_only=True) as connection:
        existing = {
            (row[0], row[1])
            for row in connection.execute(
                "SELECT table_schema, table_name FROM information_schema.tables "
                "WHERE table_type = 'BASE TABLE' OR table_schema = 'marts'"
            ).fetchall()
        }
        for event in events:
            yield _with_preview(context, connection, event, existing)


@cache
def _parsed() -> tuple[DbtProject, dict[str, Any]]:
    """The dbt project and its manifest, read once."""
    project = dbt_project.prepare(settings.load())
    return project, json.loads(project.manifest_path.read_bytes())


@cache
def _dbt_assets(name: str, select: str, exclude: str) -> dg.AssetsDefinition:
    project, manifest = _parsed()
    checks = DagsterDbtTranslatorSettings(enable_asset_checks=True, enable_source_tests_as_checks=False)
    decorator = dbt_assets(
        manifest=manifest,
        project=project,
        name=name,
        dagster_dbt_translator=LayerTranslator(settings=checks),
        select=select,
        exclude=exclude,
    )
    return decorator(build)


def build_sets() -> tuple[dg.AssetsDefinition, dg.AssetsDefinition]:
    """All models and registries as assets: those up to the coverage, and those that need its judgement.

    Parses the project into the home where its manifest is out of date.

    Raises:
        orchestration.errors.RunError: dbt cannot parse its project.
    """
    return (
        _dbt_assets("models_up_to_coverage", "fqn:*", f"{_NOT_BUILT} {_JUDGED}"),
        _dbt_assets("models_after_judgement", _JUDGED, _NOT_BUILT),
    )


def model_keys() -> set[dg.AssetKey]:
    """The keys of all models and registries that dbt builds."""
    return {key for models in build_sets() for key in models.keys}


@dg.definitions
def models() -> dg.Definitions:
    """What dbt builds, and the models that it inlines."""
    _, manifest = _parsed()
    return dg.Definitions(assets=[*build_sets(), *inlined_specs(manifest)])


def relation_of(key: dg.AssetKey) -> built.Relation:
    """Schema and name of the table or view that an asset stands for."""
    schema, name = key.path[-2:]
    return schema, name


def _parents() -> dict[built.Relation, set[built.Relation]]:
    """Of each model and registry, the relations that it reads; an inlined model is none."""
    inlined = {spec.key for spec in inlined_specs(_parsed()[1])}
    return {
        relation_of(key): {relation_of(dep) for dep in deps - inlined}
        for models in build_sets()
        for key, deps in models.asset_deps.items()
    }


def _exhausted(stream: Iterator[Any]) -> tuple[list[Any], DagsterDbtCliRuntimeError | None]:
    """All events of dbt, and its failure where a model or a test failed; dbt has left the warehouse then."""
    events = []
    try:
        for event in stream:
            events.append(event)
    except DagsterDbtCliRuntimeError as error:
        return events, error
    return events, None


def _with_preview(context: Any, connection: Any, event: Any, existing: set[tuple[str, str]]) -> Any:
    """Adds row count and first rows to the event of a table."""
    if not isinstance(event, dg.Output):
        return event
    schema, table = relation_of(context.asset_key_for_output(event.output_name))
    if (schema, table) not in existing:
        return event
    extra = preview(connection, schema, table)
    return event.with_metadata({**event.metadata, **extra})
