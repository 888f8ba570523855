"""Plain feeds: one CSV per entity of the source contract and day of delivery, and their source files.

A day's file comes the day after (or every so many days, see `delivery_day`). A row that changes later is
delivered again in its state of that day, so what an early delivery shows is what was known by then.
"""

import duckdb
from seeds.simulator.events import EXPORTED, TABLES
from seeds.simulator.exports.kit import Delivery, Ids, Vendor

DOMAINS: dict[str, tuple[str, ...]] = {
    "telephony": ("contacts", "legs", "queue_intervals", "sentiment"),
    "crm": (
        "cases", "case_changes", "notes", "messages", "customers", "escalations", "escalation_policy",
        "sla_policies", "sla_events", "surveys",
    ),
    "organisation": (
        "teams", "queues", "agents", "agent_skills", "rosters", "routing_expectations", "calendars",
        "holidays",
    ),
    "quality": ("plans", "samples", "evaluations", "evaluation_items"),
    "knowledge": ("articles", "usage"),
    "operations": (
        "risk_scores", "permission_events", "automation_runs", "alert_rules", "alerts", "changes",
        "interventions",
    ),
}  # fmt: skip
"""Folder, and source, of each feed."""

OF_CHANNELS = frozenset({"contacts", "legs"})
"""Tables whose rows are of one channel each."""
_DATED = {
    "contacts": "t.ended_at",
    "legs": "t.ended_at",
    "queue_intervals": "t.interval_start",
    "sentiment": "t.scored_at",
    "case_changes": "t.changed_at",
    "notes": "t.created_at",
    "messages": "t.sent_at",
    "customers": "t.created_at",
    "sla_events": "t.event_at",
    "rosters": "t.shift_start",
    "samples": "(SELECT min(c.ended_at) FROM contacts c WHERE c.contact_id = t.contact_id)",
    "evaluations": "t.submitted_at",
    "evaluation_items": "(SELECT min(e.submitted_at) FROM evaluations e"
    " WHERE e.evaluation_id = t.evaluation_id)",
    "usage": "t.used_at",
    "risk_scores": "t.scored_at",
    "permission_events": "t.event_at",
    "automation_runs": "t.run_at",
    "changes": "t.changed_at",
    "articles": "t.published_at",
}
"""The moment that decides a row's day of delivery; what has none comes on the first day or with its start."""
_LATE = {
    "escalations": ("requested_at", ("approved_at", "accepted_at", "deescalated_at")),
    "alerts": ("fired_at", ("acknowledged_at",)),
    "surveys": ("sent_at", ("answered_at",)),
}
"""Rows whose later moments are filled in by a later delivery."""
_ANSWERED = {"surveys": {"value": "answered_at"}}
_COMPUTED = {
    # The stream says how a leg ended, the contract how it began.
    (
        "legs",
        "transfer_type",
    ): "lag(t.transfer_type, 1, 'none') OVER (PARTITION BY t.contact_id ORDER BY t.leg_seq)",
}
_FROM_TEXT = {
    "messages": {
        "n_words": "word_count(Body)",
        "has_question": "has_question(Body)",
    }
}
"""Features that the source file takes from a text, which itself never lands."""
_RARE = {"cases": ("is_deleted", "merged_into")}
"""Columns that only a centre with merged or deleted cases delivers."""
_IDS_OF_CRM = ("case_id", "author_id", "crm_user_id")


def export(
    delivery: Delivery, tables: frozenset[str], period: int = 1, other_channels: frozenset[str] = frozenset()
) -> None:
    """Writes the plain feeds of some tables, one delivery every `period` days.

    Contacts of the channels in `other_channels`, and their legs, are left out: another system exports them.
    """
    delivery.connection.execute(
        "CREATE OR REPLACE MACRO delivery_day(moment) AS (SELECT CAST(first AS DATE) + CAST("
        f"((CAST(greatest(moment, first) AS DATE) - CAST(first AS DATE)) // {period} + 1) * {period} "
        "AS INTEGER) FROM bounds)"
    )
    for domain, names in DOMAINS.items():
        for table in names:
            if table in tables:
                query = select(table, other_channels, columns(delivery.connection, table))
                delivery.daily(f"{domain}/%Y-%m-%d/{table}.csv", query)


def columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """The columns of the source contract that a centre delivers of a table."""
    if table in _RARE and not connection.execute(f'SELECT count(removed_at) FROM "{table}"').fetchall()[0][0]:
        return [name for name in EXPORTED[table] if name not in _RARE[table]]
    return EXPORTED[table]


def select(
    table: str, other_channels: frozenset[str] = frozenset(), delivered: list[str] | None = None
) -> str:
    """SQL of a table as it is delivered, with the day of delivery in `_day`; lists are joined by a bar.

    `delivered` are the columns (default: all that the contract knows).
    """
    delivered = delivered or EXPORTED[table]
    listed_columns = [name for name in delivered if name not in _FROM_TEXT.get(table, {})]
    listed_columns += ["body"] if table in _FROM_TEXT else []
    if table == "cases":
        return _cases(delivered)
    if table in _LATE:
        return _versions(table, *_LATE[table])
    moment = _DATED.get(table, "t.valid_from" if "valid_from" in TABLES[table] else "NULL::TIMESTAMP")
    listed = ", ".join(_written(table, column) for column in listed_columns)
    others = ""
    if other_channels and table in OF_CHANNELS:
        own = ", ".join(f"'{channel}'" for channel in sorted(other_channels))
        others = f" AND contact_id IN (SELECT contact_id FROM contacts WHERE channel NOT IN ({own}))"
    return (
        f"SELECT {listed}, delivery_day({moment}) AS _day "
        f'FROM "{table}" AS t, bounds AS b WHERE coalesce({moment} < b.after, true){others} ORDER BY ALL'
    )


def _written(table: str, column: str) -> str:
    name = '"Body"' if column == "body" else column
    if (table, column) in _COMPUTED:
        return f"{_COMPUTED[table, column]} AS {name}"
    if TABLES[table][column] == "list":
        return f"nullif(array_to_string(t.{column}, '|'), '') AS {name}"
    return f"t.{column} AS {name}"


def _versions(table: str, base: str, late: tuple[str, ...]) -> str:
    days = " UNION ".join(
        f'SELECT {EXPORTED[table][0]} AS key, delivery_day({moment}) AS day FROM "{table}", bounds AS b '
        f"WHERE {moment} < b.after"
        for moment in (base, *late)
    )
    hidden = {**{moment: moment for moment in late}, **_ANSWERED.get(table, {})}
    listed = ", ".join(
        f"CASE WHEN t.{hidden[column]} < d.day THEN t.{column} END AS {column}"
        if column in hidden
        else _written(table, column)
        for column in EXPORTED[table]
    )
    return (
        f'SELECT {listed}, d.day AS _day FROM "{table}" AS t JOIN ({days}) AS d '
        f"ON d.key = t.{EXPORTED[table][0]} ORDER BY ALL"
    )


def _cases(delivered: list[str]) -> str:
    """Each case as it stood at the end of every day on which it changed."""
    state = {
        name: f"coalesce(max_by(h.new_value, h.change_seq) FILTER (h.field = '{field}'), {before})"
        for name, field, before in (
            ("status", "status", "'new'"),
            ("owner_id", "owner", "NULL"),
            ("group_id", "group", "any_value(f.first_group)"),
        )
    }
    state["closed_at"] = "CASE WHEN any_value(t.closed_at) < d.day THEN any_value(t.closed_at) END"
    state["resolution_code"] = (
        "CASE WHEN any_value(t.resolved_at) < d.day THEN any_value(t.resolution_code) END"
    )
    state["is_sla_met"] = "CASE WHEN any_value(t.resolved_at) < d.day THEN any_value(t.is_sla_met) END"
    state["is_deleted"] = "any_value(t.is_deleted) AND coalesce(any_value(t.removed_at) < d.day, false)"
    state["merged_into"] = "CASE WHEN any_value(t.removed_at) < d.day THEN any_value(t.merged_into) END"
    state["vendor_reassignment_count"] = "count(*) FILTER (h.field = 'group')"
    state["vendor_reopen_count"] = (
        "count(*) FILTER (h.field = 'status' AND h.old_value IN ('resolved', 'closed') "
        "AND h.new_value = 'open')"
    )
    listed = ", ".join(
        "t.case_id" if column == "case_id" else f"{state.get(column, f'any_value(t.{column})')} AS {column}"
        for column in delivered
    )
    return f"""
        WITH days AS (
            SELECT case_id, delivery_day(opened_at) AS day FROM cases, bounds AS b WHERE opened_at < b.after
            UNION
            SELECT case_id, delivery_day(changed_at) AS day
            FROM case_changes, bounds AS b WHERE changed_at < b.after
            UNION
            SELECT case_id, delivery_day(removed_at) AS day
            FROM cases, bounds AS b WHERE removed_at < b.after
        ),
        first_groups AS (
            SELECT c.case_id, coalesce(
                min_by(h.old_value, h.change_seq) FILTER (h.field = 'group'), any_value(c.group_id)
            ) AS first_group
            FROM cases AS c LEFT JOIN case_changes AS h USING (case_id) GROUP BY c.case_id
        )
        SELECT {listed}, d.day AS _day
        FROM cases AS t
        JOIN days AS d ON d.case_id = t.case_id
        JOIN first_groups AS f ON f.case_id = t.case_id
        LEFT JOIN case_changes AS h ON h.case_id = t.case_id AND h.changed_at < d.day
        GROUP BY t.case_id, d.day
        ORDER BY d.day, t.case_id
    """


def sources(delivery: Delivery, tables: frozenset[str], crm: Vendor, kind: str = "csv") -> dict[str, str]:
    """The source files of the plain feeds of some tables: name of the source to text of its YAML."""
    found = {}
    of_crm = dict.fromkeys(_IDS_OF_CRM, crm.id_as_landed) if crm.covers else {}
    for domain, names in DOMAINS.items():
        wanted = [name for name in names if name in tables and delivery.has(f"{domain}/", name)]
        if not wanted:
            continue
        title = domain.replace("_", " ").capitalize()
        lines = [
            f"# {title} of a simulated contact centre, by the source contract.",
            f"source: {delivery.instance}_{domain}",
            f"centre: {delivery.instance}",
            "connector: mapped",
            "time_zone: UTC",
            "phone_region: DE",
            "files:",
        ]
        for table in wanted:
            lines += [
                f"  {table}:",
                f'    glob: "{domain}/**/{table}.{kind}"',
                f"    format: {kind}",
                *(["    delivered_at_pattern: '(\\d{4}-\\d{2}-\\d{2})'"] if kind == "csv" else []),
                "    feeds:",
                f"      {table}:",
            ]
            computed = _FROM_TEXT.get(table, {})
            lines += [
                f"        {column}: {computed.get(column, of_crm.get(column, '{}').format(column))}"
                for column in columns(delivery.connection, table)
            ]
        found[f"{delivery.instance}_{domain}"] = "\n".join(lines) + "\n"
    return found


ALL = frozenset(table for names in DOMAINS.values() for table in names)
"""Every table that can be a plain feed."""

VENDOR = Vendor(
    name="plain",
    title="a system without a format of its own",
    covers=frozenset(),
    ids=Ids(
        contact=lambda key, _: f"C-{key:09d}",
        case=lambda key: f"CS-{key:09d}",
        agent=lambda index: f"agent{index + 1:04d}",
    ),
    export=lambda _: None,
    files={},
)
"""A system without a format of its own: everything comes as plain feeds."""
