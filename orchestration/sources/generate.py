"""Writes what dbt and the docs need to know of contract and registry. Run: `make generate`."""

import re
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from orchestration.base import registries
from orchestration.settings import PROJECT_ROOT
from orchestration.sources import contract, raw_tables
from orchestration.sources.connectors import bundle
from orchestration.sources.contract import MAPPED_SCHEMA, Table

DBT = PROJECT_ROOT / "dbt_project"
_HEADER = "Made from orchestration/sources/contract.yml by `make generate`; do not edit."
_PROTECTION = {"drop": "dropped", "staff": "names hashed", "change": "protected like the field that changed"}
_STAGING_HEADER = "Made by `make generate`; do not edit."
# How a staging model is called, by the end of its name, and what one row of it is.
_STAGED = {
    "": ("latest_version({})", "{}"),
    "_versions": ("every_version({})", "delivered version of one {}"),
    "_by_delivery": ("latest_version({}, per_delivery=true)", "delivery of one {}"),
}
_GRAIN_OF_VERSION = re.compile(r"^one (version of one )?")
_SYSTEM_GRAIN = {
    "sources": "One row per source instance and entity it feeds.",
    "deliveries": "One row per delivered file and entity, as the manifest has it.",
    "parameters": "One row: the moment to look from, NULL for the newest event.",
    "quarantine": "One row per fault that kept a row or a file out of the raw zone.",
}


def outputs() -> dict[Path, str]:
    """Every generated file and its text."""
    staging = DBT / "models" / "staging"
    connectors = [bundle.load(name) for name in bundle.names()]
    return {
        staging / "mapped" / "_sources.yml": _mapped_sources(),
        **{staging / one.name / "_sources.yml": _vendor_sources(one) for one in connectors},
        DBT / "macros" / "contract.sql": _macro(),
        DBT / "macros" / "registry.sql": _registries(),
        PROJECT_ROOT / "docs" / "source_contract.md": _docs(),
        **_staging(),
    }


def _staging() -> dict[Path, str]:
    """Staging models of what some model reads, and their descriptions.

    `stg_<vendor>__<table>` has the newest version of every key; `_versions` has every version, `_by_delivery`
    the newest at the moment of each delivery.
    """
    read = _names_of_staging()
    models: dict[Path, str] = {}
    described: dict[Path, list[dict[str, str]]] = {}
    for table in sorted(bundle.all_tables(), key=lambda one: one.full_name):
        for suffix, (call, grain) in _STAGED.items():
            name = f"stg_{_vendor(table)}__{table.name}{suffix}"
            if name in read:
                folder = _staging_folder(table) / ("versions" if suffix else "")
                first = f"One row per {grain.format(_GRAIN_OF_VERSION.sub('', table.grain))}."
                sql = call.format(f'"{table.schema}", "{table.name}"')
                models[folder / f"{name}.sql"] = f"{_comment(first)}-- {_STAGING_HEADER}\n{{{{ {sql} }}}}\n"
                described.setdefault(folder, []).append({"name": name, "description": first})
    about = {
        folder / "_models.yml": f"# {_STAGING_HEADER}\n"
        + yaml.safe_dump({"version": 2, "models": entries}, sort_keys=False, width=100)
        for folder, entries in described.items()
    }
    return models | about


def _comment(sentence: str) -> str:
    return "".join(f"-- {line}\n" for line in textwrap.wrap(sentence, width=105))


def _vendor(table: Table) -> str:
    return table.schema.removeprefix("raw_")


def _staging_folder(table: Table) -> Path:
    folder = DBT / "models" / "staging" / _vendor(table)
    return folder / table.domain if isinstance(table, contract.Entity) else folder


def _names_of_staging() -> set[str]:
    """Staging models that a model names, or puts together from the list of raw tables."""
    files = [*(DBT / "models").rglob("*.sql"), *(DBT / "macros").rglob("*.sql")]
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    united = {path.stem for path in (DBT / "models" / "intermediate" / "entity").rglob("int_entity__*.sql")}
    tables = [table for table in bundle.all_tables() if table.event_at and table.feeds]
    worded = [
        entity
        for name, entity in contract.entities().items()
        if f"int_entity__{name}" not in united and any(c.words for c in entity.columns.values())
    ]
    every_version = {f"stg_{_vendor(table)}__{table.name}_versions" for table in [*tables, *worded]}
    return every_version | set(re.findall(r"\bstg_\w+", text))


def _mapped_sources() -> str:
    system = [
        {
            "name": table,
            "description": _SYSTEM_GRAIN[table],
            "columns": [{"name": name, "data_type": t.lower()} for name, t in columns.items()],
        }
        for table, columns in (
            raw_tables.SYSTEM_TABLES | {"quarantine": raw_tables.QUARANTINE_COLUMNS}
        ).items()
    ]
    mapped = _tables(contract.entities().values())
    return _sources(
        {"name": MAPPED_SCHEMA, "description": "Entities that mapped sources feed.", "tables": mapped},
        {
            "name": raw_tables.SYSTEM_SCHEMA,
            "description": "What landing knows of deliveries.",
            "tables": system,
        },
    )


def _vendor_sources(connector: bundle.Connector) -> str:
    tables = _tables(connector.tables.values())
    return _sources(
        {"name": f"raw_{connector.name}", "description": f"Exports of {connector.title}.", "tables": tables}
    )


def _tables(tables: Iterable[Table]) -> list[dict[str, Any]]:
    return [
        {
            "name": table.name,
            "description": f"One row per {table.grain.removeprefix('one ')}, over all live deliveries.",
            "columns": [
                {"name": name, "data_type": duckdb_type.lower()}
                for name, duckdb_type in raw_tables.view_columns(table).items()
            ],
        }
        for table in tables
    ]


def _sources(*schemas: dict[str, Any]) -> str:
    document = {"version": 2, "sources": list(schemas)}
    return f"# {_HEADER}\n" + yaml.safe_dump(document, sort_keys=False, width=100)


def _macro() -> str:
    def entry(table: Table) -> dict[str, Any]:
        own = table.landed.keys() - contract.SYSTEM_COLUMNS.keys() - {contract.SOURCE_LINE}
        columns = [c for c in table.landed if c in own]
        return {
            "schema": table.schema,
            "table": table.name,
            "key": list(table.key),
            "event_at": table.event_at,
            "version_at": list(table.version_at),
            "may_keep_first": raw_tables.may_keep_first(table),
            "keep": table.keep,
            "restated": table.is_restated,
            "feeds": dict(table.feeds),
            "lines": table.has_lines,
            "sequence": table.sequence,
            "copies": table.copies,
            "columns": columns,
        }

    ruled = (e for e in contract.entities().values() if e.order or e.at_most)
    rules = ",\n".join(f"        {e.name!r}: {_time_rules(e)!r}" for e in ruled)
    entities = ",\n".join(f"        {e.name!r}: {_types(e)!r}" for e in contract.entities().values())
    tables = ",\n".join(f"        {t.full_name!r}: {entry(t)!r}" for t in bundle.all_tables())
    words = ",\n".join(
        f"        '{e.name}.{c.name}': {list(c.words)!r}"
        for e in contract.entities().values()
        for c in e.columns.values()
        if c.words
    )
    return (
        f"{{# {_HEADER} #}}\n\n{{# Columns of every entity, with their types. #}}\n"
        f"{{% macro contract() %}}\n    {{% set entities = {{\n{entities}\n    }} %}}\n"
        "    {{ return(entities) }}\n{% endmacro %}\n\n"
        "{# Of every entity: stamps that may not precede others, seconds that fit between two stamps. #}\n"
        f"{{% macro time_rules() %}}\n    {{% set entities = {{\n{rules}\n    }} %}}\n"
        "    {{ return(entities) }}\n{% endmacro %}\n\n"
        "{# Words that models know, of every field that has a vocabulary: entity.field to its words. #}\n"
        f"{{% macro vocabulary() %}}\n    {{% set fields = {{\n{words}\n    }} %}}\n"
        "    {{ return(fields) }}\n{% endmacro %}\n\n"
        f"{{# Every raw table, by full name. #}}\n"
        f"{{% macro raw_tables() %}}\n    {{% set tables = {{\n{tables}\n    }} %}}\n"
        "    {{ return(tables) }}\n{% endmacro %}\n"
    )


def _registries() -> str:
    """What dbt has to know of the registries while it parses, when it cannot ask the warehouse yet."""
    coverage = {row["blind_spot_id"]: row["model"] for row in registries.rows("blind_spots.csv")}
    measured = {one: f'"{model}"' for one, model in coverage.items() if model.startswith("cov_")}
    metrics = {
        row["metric_id"]: f'"met_{row["metric_id"]}"' for row in registries.rows("heatmap_metrics.csv")
    }
    daily = {row["definition_id"]: f'"{row["model"]}"' for row in registries.rows("metric_definitions.csv")}
    values = {row["threshold_id"]: row["value"] for row in registries.rows("thresholds.csv")}
    return "\n".join(
        [
            "{# Made from seeds/reference by `make generate`; do not edit. #}",
            _returning(
                "coverage_models", "The coverage model of every blind spot that one measures.", measured
            ),
            _returning("metric_models", "The model of every metric of the heatmap.", metrics),
            _returning("daily_metric_models", "The model of every definition of a metric of a day.", daily),
            _returning("threshold_values", "The value of every threshold.", values),
        ]
    )


def _returning(macro: str, about: str, entries: dict[str, str]) -> str:
    listed = "".join(f'        "{name}": {literal},\n' for name, literal in entries.items())
    return (
        f"{{# {about} #}}\n{{% macro {macro}() %}}\n    {{% set found = {{\n{listed}    }} %}}\n"
        "    {{ return(found) }}\n{% endmacro %}\n"
    )


def _time_rules(entity: contract.Entity) -> dict[str, dict[str, list[str]]]:
    return {
        "order": {later: list(earlier) for later, earlier in entity.order.items()},
        "at_most": {seconds: list(span) for seconds, span in entity.at_most.items()},
    }


def _types(entity: contract.Entity) -> dict[str, str]:
    """Type in the contract's words of every landed column of an entity."""
    status = {f"{c.name}_status": "text" for c in entity.columns.values() if c.type == "phone"}
    types = {c.name: c.type for c in entity.columns.values()} | status
    return {name: types[name] for name in entity.landed if name in types}


def _docs() -> str:
    lines = [
        "# Source contract",
        "",
        f"<!-- {_HEADER} -->",
        "",
        "The entities that a source can feed. `*` marks fields a row cannot do without; key fields are bold.",
        "Identifiers marked *hashed* become a keyed hash while landing; *dropped* ones never land.",
        "Of ids marked *names hashed* only names, addresses, logins and phone numbers are hashed.",
        "Texts with personal data are masked:",
        "[what never lands](connecting_an_export.md#what-never-lands).",
        "If nobody delivers an entity, its blind spots stand: nothing about it is read as zero.",
        "Fields with *words* accept them in any case, with blanks, dashes or underscores between. Another",
        "word is kept and counted in `mart_unknown_word`; models treat it as unknown.",
    ]
    domain = ""
    for entity in contract.entities().values():
        if entity.domain != domain:
            domain = entity.domain
            lines += ["", f"## {domain.replace('_', ' ').capitalize()}"]
        restated = " It may be delivered again whenever it has changed." if entity.is_restated else ""
        first = " Of several rows of one key the earliest counts." if entity.keep == contract.FIRST else ""
        absent = f" Blind spots when absent: {', '.join(entity.absent)}." if entity.absent else ""
        lines += [
            "",
            f"### {entity.name}",
            "",
            f"One row per {entity.grain.removeprefix('one ')}.{restated}{first}{absent}",
            "",
        ]
        lines += ["| field | type | notes |", "|---|---|---|"]
        lines += [_docs_row(entity, column) for column in entity.columns.values()]
    return "\n".join(lines) + "\n"


def _docs_row(entity: contract.Entity, column: contract.Column) -> str:
    name = f"**{column.name}**" if column.name in entity.key else column.name
    pii = "hashed" if column.is_hashed else _PROTECTION.get(column.pii, "")
    words = f"words: {', '.join(column.words)}" if column.words else ""
    order = ", ".join(entity.order.get(column.name, ()))
    span = " to ".join(entity.at_most.get(column.name, ()))
    rules = (order and f"not before {order}", span and f"at most {span}")
    notes = "; ".join(part for part in (pii, words, column.note, *rules) if part)
    return f"| {name}{'*' if column.is_required else ''} | {column.type} | {notes} |"


def main() -> None:
    """Rewrites the generated files, and deletes staging models that nothing reads any more."""
    made = outputs()
    for path in (DBT / "models" / "staging").rglob("*"):
        if path not in made and path.is_file() and _STAGING_HEADER in path.read_text(encoding="utf-8"):
            path.unlink()
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
