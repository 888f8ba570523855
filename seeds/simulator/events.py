"""The complete event stream of a simulated centre: its tables and the recorder that fills them.

A table holds the columns of the source contract's entity of the same name, and after the bar what no plain
export carries: texts, the truth, and what the vendors' formats need beside the contract. Times are whole
seconds, UTC. Types: id and text, ts (epoch seconds while recording), date (days since 1970), int, num, bool, list.
"""

from collections.abc import Iterable
from typing import Any

import duckdb
import pyarrow as pa

_DECLARED = {
    # organisation
    "teams": "team_id id, team, function, valid_from ts, valid_to ts | zone, tier int",
    "queues": "queue_id id, queue, queue_group, team_id id, tier int, channel, is_triage bool, is_overflow bool,"
    " language, calendar_id id, valid_from ts, valid_to ts",
    "agents": "agent_id id, telephony_id id, crm_user_id id, qa_user_id id, team_id id, role, tier int,"
    " hired_on date, valid_from ts, valid_to ts, name | email",
    "agent_skills": "agent_id id, skill, level int, valid_from ts, valid_to ts",
    "rosters": "agent_id id, shift_start ts, shift_end ts, is_absent bool",
    "routing_expectations": "reason, required_skill, expected_queue_group, required_action, valid_from ts,"
    " valid_to ts",
    "calendars": "calendar_id id, time_zone, weekday int, opens_at, closes_at, valid_from ts, valid_to ts",
    "holidays": "calendar_id id, day date",
    # telephony
    "contacts": "contact_id id, chain_id id, channel, direction, started_at ts, ended_at ts, customer_id id, ani id,"
    " email, case_id id, entry_point, ivr_path, reason_entry, reason_close, disposition, is_abandoned bool,"
    " is_answered bool, delivered_version_at ts | contact_key int, issue_id int, contact_seq int, reason,"
    " is_resolved bool, wait_seconds num, ended_by, n_legs int",
    "legs": "contact_id id, leg_seq int, queue_id id, agent_id id, handler, flow_id id, is_authenticated bool,"
    " started_at ts, enqueued_at ts, answered_at ts,"
    " ended_at ts, talk_seconds num, hold_seconds num, wrap_up_seconds num, transfer_type, end_reason"
    " | team_id id, kind, n_holds int",
    "queue_intervals": "queue_id id, interval_start ts, staffed_agents num, offered int, answered int",
    # crm
    "cases": "case_id id, customer_id id, opened_at ts, closed_at ts, status, channel, reason, product, priority,"
    " owner_id id, group_id id, parent_case_id id, resolution_code, vendor_reassignment_count int,"
    " vendor_reopen_count int, is_sla_met bool, is_knowledge_used bool, is_timely_response bool,"
    " is_deleted bool, merged_into id | case_key int, issue_id int, subject, description, resolved_at ts,"
    " workflow_id id, is_escalated bool, updated_at ts, removed_at ts",
    "case_changes": "case_id id, field, old_value, new_value, changed_at ts, change_seq int, changed_by id",
    "notes": "note_id id, case_id id, author_id id, created_at ts, kind, is_visible_to_next bool,"
    " rendered_for list | contact_id id, body",
    "messages": "message_id id, case_id id, contact_id id, direction, sent_at ts, n_words int, has_question bool,"
    " escalation_terms list, is_reask bool, language | body, author_id id",
    "customers": "customer_id id, segment, tier, region, time_zone, phones list, emails list, other_ids list,"
    " merged_into id,"
    " is_internal bool, created_at ts, name",
    "escalations": "escalation_id id, case_id id, contact_id id, customer_id id, requested_at ts, type, source,"
    " reason, severity, approved_at ts, accepted_at ts, deescalated_at ts, origin, level int, clock,"
    " to_group_id id | issue_id int, to_team_id id",
    "escalation_policy": "reason, severity, due_after_minutes int, to_group, to_level int, valid_from ts,"
    " valid_to ts",
    "sla_policies": "policy_id id, metric, priority, target_seconds int, clock, calendar_id id, valid_from ts,"
    " valid_to ts",
    "sla_events": "case_id id, policy_id id, metric, event, event_at ts, pause_reason",
    "risk_scores": "customer_id id, score num, scored_at ts, model_version",
    # quality
    "plans": "plan_id id, team_id id, min_talk_seconds int, excludes_transferred bool, channels list, rate num, valid_from ts,"
    " valid_to ts",
    "samples": "plan_id id, contact_id id, is_eligible bool, inclusion_probability num, is_sampled bool",
    "evaluations": "evaluation_id id, contact_id id, agent_id id, evaluator_id id, score num, submitted_at ts,"
    " status, is_automatic bool, calibration_session_id id | started_at ts",
    "evaluation_items": "evaluation_id id, item_id id, kind, score num, is_failed bool | question",
    # knowledge
    "articles": "article_id id, version, status, reason, product, language, published_at ts, review_due_on date,"
    " superseded_by id | title, body",
    "usage": "usage_id id, kind, article_id id, version, case_id id, contact_id id, agent_id id, used_at ts"
    " | search_text",
    # operations
    "permission_events": "event_id id, event_at ts, agent_id id, role, action, outcome, case_id id, contact_id id",
    "automation_runs": "run_id id, workflow_id id, case_id id, run_at ts, outcome",
    "alert_rules": "rule_id id, kind, threshold num, condition, channels list, is_enabled bool, valid_from ts, valid_to ts",
    "alerts": "alert_id id, rule_id id, case_id id, contact_id id, customer_id id, fired_at ts, acknowledged_at ts",
    "changes": "change_id id, kind, reason, product, changed_at ts",
    "interventions": "intervention_id id, started_at ts, break_id, scope_type, scope_id, metric_id, note",
    # voice of the customer
    "surveys": "response_id id, contact_id id, case_id id, kind, value num, sent_at ts, answered_at ts | comment",
    "sentiment": "contact_id id, score num, scale, party, scored_at ts, model_version",
    # what only the truth knows
    "issues": " | issue_id int, customer_id id, reason, started_at ts, is_escalated bool, escalated_at ts,"
    " n_contacts int",
    "expected_alerts": " | rule_id id, contact_id id, due_at ts",
    "required_escalations": " | case_id id, contact_id id, due_at ts, to_team_id id",
    "ownership": " | case_id id, first_owner_at ts, business_seconds num",
    "touches": " | contact_id id, issue_id int, fault_id id",
}

_ARROW = {
    "id": pa.string(),
    "text": pa.string(),
    "ts": pa.timestamp("us"),
    "date": pa.date32(),
    "int": pa.int64(),
    "num": pa.float64(),
    "bool": pa.bool_(),
    "list": pa.list_(pa.string()),
}
_CHUNK = 100_000


def _columns(declared: str) -> dict[str, str]:
    parts = (part.split() for part in declared.replace("|", ",").split(","))
    return {part[0]: part[1] if len(part) > 1 else "text" for part in parts if part}


TABLES: dict[str, dict[str, str]] = {name: _columns(declared) for name, declared in _DECLARED.items()}
"""Columns and types of every table."""
EXPORTED: dict[str, list[str]] = {
    name: list(_columns(declared.split("|")[0]))
    for name, declared in _DECLARED.items()
    if declared.split("|")[0].strip()
}
"""The columns of every table that the source contract knows."""


class Recorder:
    """Takes rows as tuples in the order of the declared columns, and hands them to DuckDB as tables."""

    def __init__(self) -> None:
        self._rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in TABLES}
        self._done: dict[str, list[pa.Table]] = {name: [] for name in TABLES}

    def add(self, table: str, *row: Any) -> None:
        """Records one row."""
        rows = self._rows[table]
        rows.append(row)
        if len(rows) >= _CHUNK:
            self._flush(table)

    def extend(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Records many rows."""
        self._rows[table].extend(rows)
        if len(self._rows[table]) >= _CHUNK:
            self._flush(table)

    def load(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Creates one table per event table in the connection, and forgets the rows."""
        for name, columns in TABLES.items():
            self._flush(name)
            schema = pa.schema([(column, _ARROW[kind]) for column, kind in columns.items()])
            found = pa.concat_tables(self._done.pop(name) or [schema.empty_table()])
            connection.register("_recorded", found)
            connection.execute(f'CREATE OR REPLACE TABLE "{name}" AS SELECT * FROM _recorded')
            connection.unregister("_recorded")
            del found

    def _flush(self, table: str) -> None:
        rows, columns = self._rows[table], TABLES[table]
        if not rows:
            return
        arrays = [
            _array(values, kind)
            for values, kind in zip(zip(*rows, strict=True), columns.values(), strict=True)
        ]
        self._done[table].append(pa.table(arrays, names=list(columns)))
        self._rows[table] = []


def _array(values: tuple[Any, ...], kind: str) -> pa.Array:
    if kind == "ts":
        micros = [None if value is None else int(value) * 1_000_000 for value in values]
        return pa.array(micros, pa.int64()).cast(pa.timestamp("us"))
    if kind == "date":
        return pa.array(values, pa.int32()).cast(pa.date32())
    return pa.array(values, _ARROW[kind])
