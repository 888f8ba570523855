"""Writes what dbt and the docs need to know of the contract. Run: `make generate`."""

from pathlib import Path
from typing import Any

import yaml

from orchestration.extract import contract
from orchestration.extract.landing import QUARANTINE_COLUMNS
from orchestration.extract.raw_zone import MAPPED_SCHEMA, SYSTEM_SCHEMA, SYSTEM_TABLES
from orchestration.settings import PROJECT_ROOT

DBT = PROJECT_ROOT / "dbt_project"
_HEADER = "Made from orchestration/extract/contract.yml by `make generate`; do not edit."
_SYSTEM_GRAIN = {
    "sources": "One row per source instance and entity it feeds.",
    "deliveries": "One row per delivered file and entity, as the manifest has it.",
    "parameters": "One row: the moment to look from, NULL for the newest event.",
    "quarantine": "One row per fault that kept a row or a file out of the raw zone.",
}


def outputs() -> dict[Path, str]:
    """Every generated file and its text."""
    return {
        DBT / "models" / "staging" / "mapped" / "_sources.yml": _sources(),
        DBT / "macros" / "contract.sql": _macro(),
        PROJECT_ROOT / "docs" / "source_contract.md": _docs(),
    }


def _sources() -> str:
    mapped = [
        {
            "name": entity.name,
            "description": f"One row per {entity.grain.removeprefix('one ')}, over all live deliveries.",
            "columns": [
                {"name": name, "data_type": duckdb_type.lower()}
                for name, duckdb_type in entity.landed.items()
            ],
        }
        for entity in contract.entities().values()
    ]
    system = [
        {
            "name": table,
            "description": _SYSTEM_GRAIN[table],
            "columns": [{"name": name, "data_type": t.lower()} for name, t in columns.items()],
        }
        for table, columns in (SYSTEM_TABLES | {"quarantine": QUARANTINE_COLUMNS}).items()
    ]
    document = {
        "version": 2,
        "sources": [
            {"name": MAPPED_SCHEMA, "description": "Entities that mapped sources feed.", "tables": mapped},
            {"name": SYSTEM_SCHEMA, "description": "What landing knows of deliveries.", "tables": system},
        ],
    }
    return f"# {_HEADER}\n" + yaml.safe_dump(document, sort_keys=False, width=100)


def _macro() -> str:
    def entry(entity: contract.Entity) -> dict[str, Any]:
        columns = [c for c in entity.landed if c not in contract.SYSTEM_COLUMNS]
        return {
            "key": list(entity.key),
            "event_at": entity.event_at,
            "restated": entity.is_restated,
            "columns": columns,
        }

    rows = ",\n".join(f"        {e.name!r}: {entry(e)!r}" for e in contract.entities().values())
    return (
        f"{{# {_HEADER} #}}\n{{% macro contract() %}}\n    {{% set entities = {{\n{rows}\n    }} %}}\n"
        "    {{ return(entities) }}\n{% endmacro %}\n"
    )


def _docs() -> str:
    lines = [
        "# Source contract",
        "",
        f"<!-- {_HEADER} -->",
        "",
        "The entities that a source can feed. `*` marks fields a row cannot do without; key fields are bold.",
        "Identifiers marked *hashed* become a keyed hash while landing; *dropped* ones never land.",
        "If nobody delivers an entity, its blind spots stand: nothing about it is read as zero.",
    ]
    domain = ""
    for entity in contract.entities().values():
        if entity.domain != domain:
            domain = entity.domain
            lines += ["", f"## {domain.replace('_', ' ').capitalize()}"]
        restated = " It may be delivered again whenever it has changed." if entity.is_restated else ""
        absent = f" Blind spots when absent: {', '.join(entity.absent)}." if entity.absent else ""
        lines += [
            "",
            f"### {entity.name}",
            "",
            f"One row per {entity.grain.removeprefix('one ')}.{restated}{absent}",
            "",
        ]
        lines += ["| field | type | notes |", "|---|---|---|"]
        lines += [_docs_row(entity, column) for column in entity.columns.values()]
    return "\n".join(lines) + "\n"


def _docs_row(entity: contract.Entity, column: contract.Column) -> str:
    name = f"**{column.name}**" if column.name in entity.key else column.name
    pii = {"hash": "hashed", "drop": "dropped"}.get(column.pii, "hashed" if "phone" in column.type else "")
    notes = "; ".join(part for part in (pii, column.note) if part)
    return f"| {name}{'*' if column.is_required else ''} | {column.type} | {notes} |"


def main() -> None:
    """Rewrites the generated files."""
    for path, text in outputs().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
