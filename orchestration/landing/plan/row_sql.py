"""The rows that a table is made of: the records of files, or the items of lists in them, as SQL."""

from collections.abc import Sequence
from itertools import combinations

from orchestration.base import sql
from orchestration.landing import working_columns as work
from orchestration.landing.people import hashing
from orchestration.landing.plan import field_sql
from orchestration.landing.read.relations import FileRelation
from orchestration.sources.source_files import Feed, Source


def lines_before(relation: FileRelation) -> str:
    """SQL that turns the number of a record among all files into its line in its own file.

    A file that was read line by line counts its sound records: their order is that of the file.
    """
    header = f" + {relation.n_header_lines}" if relation.has_lines and relation.n_header_lines else ""
    return f"{header} - {sql.name(work.N_BEFORE)}" if relation.members else header


def kept(source: Source, relation: FileRelation, new: Sequence[str]) -> str:
    """SQL of the new columns of a record as the text of one JSON object, NULL where all are empty."""
    values = {
        name: field_sql.present(sql.name(name), relation)
        if relation.types[name] == "VARCHAR"
        else f"CAST({sql.name(name)} AS VARCHAR)"
        for name in new
    }
    return hashing.kept_object(f"extra:{source.centre}", values)


def of_feed(feed: Feed, relation: FileRelation, *, is_numbered: bool = False, kept: str = "") -> str:
    """The rows that a table is made of: the records of the files, or the items of lists in them.

    What is `kept` of a record travels along. Of a record that does not fit its shape one row is left, so
    that it is reported once.
    """
    chosen = [*_chosen(feed, relation), *([kept] if kept else [])]
    rows = relation.rows(chosen, work.RECORD if is_numbered else "")
    for alias, found in feed.table.rows.items():
        items = f"CASE WHEN {work.FITS} THEN {found} ELSE [NULL] END" if relation.is_untyped else found
        rows = (
            f"(SELECT *, unnest({items}) AS {sql.name(alias)}, "
            f"generate_subscripts({items}, 1) AS {sql.name(alias + '_no')} FROM {rows})"
        )
    return rows


def same_name_columns(feed: Feed, relation: FileRelation) -> dict[str, tuple[str, ...]]:
    """For each column that the feed reads: others of its name, unless the mapping names them itself."""
    if not relation.same_name:
        return {}
    referenced = {sql.folded(column) for column in feed.referenced()}
    apart = referenced | {sql.folded(column) for column in relation.options.ignore_columns}
    found = {
        name: tuple(
            one for one in relation.same_name.get(sql.folded(name), ()) if sql.folded(one) not in apart
        )
        for name in relation.types
        if sql.folded(name) in referenced
    }
    return {name: others for name, others in found.items() if others}


def _filled_by_any(name: str, others: Sequence[str], relation: FileRelation) -> tuple[str, str]:
    """SQL of the value that the first filled one of several columns has, and of whether they differ."""
    kind = relation.types[name]
    columns = [sql.name(one) for one in (name, *others)]
    if kind != "VARCHAR":
        columns = [columns[0], *(f"TRY_CAST({column} AS {kind})" for column in columns[1:])]
        present = columns
    else:
        columns = [f"CAST({column} AS VARCHAR)" for column in columns]
        present = [field_sql.present(column, relation) for column in columns]
    cases = " ".join(f"WHEN {p} IS NOT NULL THEN {c}" for p, c in zip(present, columns, strict=True))
    differs = [f"coalesce({one} <> {other}, false)" for one, other in combinations(present, 2)]
    return f"(CASE {cases} END)", f"({' OR '.join(differs)})"


def _chosen(feed: Feed, relation: FileRelation) -> list[str]:
    """The columns that the feed reads, text both trimmed and untrimmed, with words for nothing as NULL."""
    referenced = feed.referenced()
    selected = []
    same_name = same_name_columns(feed, relation)
    any_filled = {name: _filled_by_any(name, others, relation) for name, others in same_name.items()}
    if same_name:
        selected.append(f"({' OR '.join(differs for _, differs in any_filled.values())}) AS {work.DIFFERS}")
    for name, column_type in relation.types.items():
        if name in any_filled:
            c, value = sql.name(name), any_filled[name][0]
            selected.append(
                f"{field_sql.present(value, relation) if column_type == 'VARCHAR' else value} AS {c}"
            )
            selected += [f"{value} AS {work.untrimmed(name)}"] if column_type == "VARCHAR" else []
        elif name.lower() in referenced:
            c = sql.name(name)
            is_text = column_type == "VARCHAR"
            selected += (
                [f"{field_sql.present(c, relation)} AS {c}", f"{c} AS {work.untrimmed(name)}"]
                if is_text
                else [c]
            )
    known = {sql.folded(name) for name in relation.types}
    absent = {c for read in feed.columns.values() for c in read if sql.folded(c) not in known}
    selected += [
        f"CAST(NULL AS {relation.shapes[c].duckdb_type if c in relation.shapes else 'VARCHAR'}) "
        f"AS {sql.name(c)}"
        for c in sorted(absent)
    ]
    if relation.is_untyped:
        selected.append(work.FITS)
    return selected
