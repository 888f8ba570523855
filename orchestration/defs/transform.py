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
from orchestration.publish import built
from orchestration.runs import dbt_project
from orchestration.runs.workspace import Workspace
from orchestration.sources import raw_tables

FIRST_RAW_TABLE = dg.AssetKey([raw_tables.SYSTEM_SCHEMA, "sources"])


class LayerTranslator(DagsterDbtTranslator):
    """Groups assets by layer and takes owners from the dbt groups."""

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        """Names the owner of the dbt group, adds inlined parents, and ties the registries to the raw tables.

        All is built together, or nothing is. What reads an inlined model also keeps the tables behind it as
        parents: Dagster puts no step behind another for the sake of an asset that no step makes.
        """
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = self.get_resource_props(manifest, unique_id)
        owners = _owners(manifest, node)
        if owners:
            spec = spec.replace_attributes(owners=owners)
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
        )
        for node in manifest["nodes"].values()
        if _is_inlined(node)
    ]


def _owners(manifest: Mapping[str, Any], node: Mapping[str, Any]) -> list[str]:
    """Owners of a node's dbt group as Dagster writes them; none of a source, which has no group."""
    found = manifest["groups"].get(f"group.faultline.{node['config'].get('group')}")
    return [_team(found["owner"]["name"])] if found else []


def _team(name: str) -> str:
    """The owner of a dbt group as Dagster writes it, e.g. `team:data-engineering`."""
    return f"team:{name.lower().replace(' ', '-')}"


def build(context: dg.AssetExecutionContext, dbt: DbtCliResource, workspace: Workspace) -> Iterator[Any]:
    """Builds and tests the selected models; dbt holds the warehouse alone while it runs."""
    keys = {key.path[0] for key in context.selected_asset_keys}
    progress.say(f"Building {len(context.selected_asset_keys)} models: {', '.join(sorted(keys))}")
    selected = {relation_of(key) for key in context.selected_asset_keys}
    with workspace.connect() as connection, engine.transaction(connection):
        built.require_parents(connection, _parents(), selected)
        built.clear(connection, selected)
    if "coverage" in keys:
        blind_spots.prepare()
    # Nobody reads what dbt writes of itself at the end of a build, and it takes a second each time.
    arguments = ["build", "--exclude-resource-type", "unit_test", "--no-write-json"]
    events, failure = _exhausted(
        dbt.cli(arguments, context=context, target_path=dbt_project.target(workspace.settings)).stream()
    )
    if failure is not None:
        yield from events
        raise failure
    with workspace.connect() as connection:
        outputs = [event for event in events if isinstance(event, dg.Output)]
        materialized = [relation_of(context.asset_key_for_output(event.output_name)) for event in outputs]
        built.record(connection, _parents(), materialized)
    with workspace.connect(read_only=True) as connection:
        existing = {
            (row[0], row[1])
            for row in connection.execute(
                "SELECT table_schema, table_name FROM information_schema.tables "
                "WHERE table_type = 'BASE TABLE'"
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
def transform() -> dg.AssetsDefinition:
    """All models and registries as assets; parses them into the home where its manifest is out of date.

    Raises:
        orchestration.errors.RunError: dbt cannot parse its project.
    """
    project, manifest = _parsed()
    decorator = dbt_assets(
        manifest=manifest,
        project=project,
        name="transform",
        dagster_dbt_translator=LayerTranslator(
            settings=DagsterDbtTranslatorSettings(
                enable_asset_checks=True, enable_source_tests_as_checks=False
            )
        ),
        exclude="resource_type:unit_test",
    )
    return decorator(build)


@dg.definitions
def models() -> dg.Definitions:
    """What dbt builds, and the models that it inlines."""
    _, manifest = _parsed()
    return dg.Definitions(assets=[transform(), *inlined_specs(manifest)])


def relation_of(key: dg.AssetKey) -> built.Relation:
    """Schema and name of the table or view that an asset stands for."""
    schema, name = key.path[-2:]
    return schema, name


def _parents() -> dict[built.Relation, set[built.Relation]]:
    """Of each model and registry, the relations that it reads; an inlined model is none."""
    inlined = {spec.key for spec in inlined_specs(_parsed()[1])}
    return {
        relation_of(key): {relation_of(dep) for dep in deps - inlined}
        for key, deps in transform().asset_deps.items()
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
