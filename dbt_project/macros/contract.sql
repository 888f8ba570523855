{# Made from orchestration/extract/contract.yml by `make generate`; do not edit. #}
{# fmt: off #}
{% macro contract() %}
    {% set entities = {
        'cases': {'key': ['case_id'], 'event_at': 'opened_at', 'columns': ['case_id', 'customer_id', 'opened_at', 'closed_at', 'status', 'channel', 'reason', 'product', 'priority', 'owner_id', 'group_id', 'parent_case_id', 'resolution_code', 'vendor_reassignment_count', 'vendor_reopen_count', 'is_sla_met', 'is_knowledge_used', 'is_timely_response']},
        'case_snapshots': {'key': ['case_id', 'snapshot_at', 'change_seq'], 'event_at': 'snapshot_at', 'columns': ['case_id', 'snapshot_at', 'change_seq', 'changed_by', 'customer_id', 'opened_at', 'closed_at', 'status', 'channel', 'reason', 'product', 'priority', 'owner_id', 'group_id', 'parent_case_id', 'resolution_code', 'vendor_reassignment_count', 'vendor_reopen_count', 'is_sla_met', 'is_knowledge_used', 'is_timely_response']},
        'case_changes': {'key': ['case_id', 'field', 'changed_at', 'change_seq'], 'event_at': 'changed_at', 'columns': ['case_id', 'field', 'old_value', 'new_value', 'changed_at', 'change_seq', 'changed_by']},
        'notes': {'key': ['note_id'], 'event_at': 'created_at', 'columns': ['note_id', 'case_id', 'author_id', 'created_at', 'kind', 'is_visible_to_next', 'rendered_for']},
        'messages': {'key': ['message_id'], 'event_at': 'sent_at', 'columns': ['message_id', 'case_id', 'contact_id', 'direction', 'sent_at', 'n_words', 'has_question', 'escalation_terms', 'is_reask', 'language']},
        'customers': {'key': ['customer_id'], 'event_at': '', 'columns': ['customer_id', 'segment', 'tier', 'region', 'time_zone', 'phones', 'emails', 'merged_into', 'is_internal', 'created_at']},
        'escalations': {'key': ['escalation_id'], 'event_at': 'requested_at', 'columns': ['escalation_id', 'case_id', 'contact_id', 'customer_id', 'requested_at', 'type', 'source', 'reason', 'severity', 'approved_at', 'accepted_at', 'deescalated_at']},
        'escalation_policy': {'key': ['reason', 'severity', 'valid_from'], 'event_at': '', 'columns': ['reason', 'severity', 'due_after_minutes', 'to_group', 'to_level', 'valid_from', 'valid_to']},
        'sla_policies': {'key': ['policy_id', 'metric', 'priority', 'valid_from'], 'event_at': '', 'columns': ['policy_id', 'metric', 'priority', 'target_seconds', 'clock', 'calendar_id', 'valid_from', 'valid_to']},
        'sla_events': {'key': ['case_id', 'policy_id', 'metric', 'event_at', 'event'], 'event_at': 'event_at', 'columns': ['case_id', 'policy_id', 'metric', 'event', 'event_at', 'pause_reason']},
        'risk_scores': {'key': ['customer_id', 'scored_at'], 'event_at': 'scored_at', 'columns': ['customer_id', 'score', 'scored_at', 'model_version']},
        'contacts': {'key': ['contact_id'], 'event_at': 'started_at', 'columns': ['contact_id', 'chain_id', 'channel', 'direction', 'started_at', 'ended_at', 'customer_id', 'ani', 'ani_status', 'case_id', 'entry_point', 'ivr_path', 'reason_entry', 'reason_close', 'disposition', 'is_abandoned', 'is_answered', 'delivered_version_at']},
        'legs': {'key': ['contact_id', 'leg_seq'], 'event_at': 'started_at', 'columns': ['contact_id', 'leg_seq', 'queue_id', 'agent_id', 'started_at', 'enqueued_at', 'answered_at', 'ended_at', 'talk_seconds', 'hold_seconds', 'wrap_up_seconds', 'transfer_type', 'end_reason']},
        'queue_intervals': {'key': ['queue_id', 'interval_start'], 'event_at': 'interval_start', 'columns': ['queue_id', 'interval_start', 'staffed_agents', 'offered', 'answered']},
        'agents': {'key': ['agent_id', 'valid_from'], 'event_at': '', 'columns': ['agent_id', 'telephony_id', 'crm_user_id', 'qa_user_id', 'team_id', 'role', 'tier', 'hired_on', 'valid_from', 'valid_to']},
        'teams': {'key': ['team_id', 'valid_from'], 'event_at': '', 'columns': ['team_id', 'team', 'function', 'valid_from', 'valid_to']},
        'queues': {'key': ['queue_id', 'valid_from'], 'event_at': '', 'columns': ['queue_id', 'queue', 'queue_group', 'team_id', 'tier', 'channel', 'is_triage', 'is_overflow', 'calendar_id', 'valid_from', 'valid_to']},
        'agent_skills': {'key': ['agent_id', 'skill', 'valid_from'], 'event_at': '', 'columns': ['agent_id', 'skill', 'level', 'valid_from', 'valid_to']},
        'rosters': {'key': ['agent_id', 'shift_start'], 'event_at': '', 'columns': ['agent_id', 'shift_start', 'shift_end', 'is_absent']},
        'routing_expectations': {'key': ['reason', 'valid_from'], 'event_at': '', 'columns': ['reason', 'required_skill', 'expected_queue_group', 'required_action', 'valid_from', 'valid_to']},
        'calendars': {'key': ['calendar_id', 'weekday', 'opens_at'], 'event_at': '', 'columns': ['calendar_id', 'time_zone', 'weekday', 'opens_at', 'closes_at']},
        'holidays': {'key': ['calendar_id', 'day'], 'event_at': '', 'columns': ['calendar_id', 'day']},
        'plans': {'key': ['plan_id', 'valid_from'], 'event_at': '', 'columns': ['plan_id', 'min_talk_seconds', 'excludes_transferred', 'channels', 'rate', 'valid_from', 'valid_to']},
        'samples': {'key': ['plan_id', 'contact_id'], 'event_at': '', 'columns': ['plan_id', 'contact_id', 'is_eligible', 'inclusion_probability', 'is_sampled']},
        'evaluations': {'key': ['evaluation_id'], 'event_at': 'submitted_at', 'columns': ['evaluation_id', 'contact_id', 'agent_id', 'evaluator_id', 'score', 'submitted_at', 'status', 'is_automatic', 'calibration_session_id']},
        'evaluation_items': {'key': ['evaluation_id', 'item_id'], 'event_at': '', 'columns': ['evaluation_id', 'item_id', 'kind', 'score', 'is_failed']},
        'articles': {'key': ['article_id', 'version'], 'event_at': '', 'columns': ['article_id', 'version', 'status', 'reason', 'product', 'language', 'published_at', 'review_due_on', 'superseded_by']},
        'usage': {'key': ['usage_id'], 'event_at': 'used_at', 'columns': ['usage_id', 'kind', 'article_id', 'version', 'case_id', 'contact_id', 'agent_id', 'used_at']},
        'permission_events': {'key': ['event_id'], 'event_at': 'event_at', 'columns': ['event_id', 'event_at', 'agent_id', 'role', 'action', 'outcome', 'case_id', 'contact_id']},
        'automation_runs': {'key': ['run_id'], 'event_at': 'run_at', 'columns': ['run_id', 'workflow_id', 'case_id', 'run_at', 'outcome']},
        'alert_rules': {'key': ['rule_id', 'valid_from'], 'event_at': '', 'columns': ['rule_id', 'condition', 'channels', 'is_enabled', 'valid_from', 'valid_to']},
        'alerts': {'key': ['alert_id'], 'event_at': 'fired_at', 'columns': ['alert_id', 'rule_id', 'case_id', 'contact_id', 'customer_id', 'fired_at', 'acknowledged_at']},
        'changes': {'key': ['change_id'], 'event_at': 'changed_at', 'columns': ['change_id', 'kind', 'reason', 'product', 'changed_at']},
        'interventions': {'key': ['intervention_id'], 'event_at': 'started_at', 'columns': ['intervention_id', 'started_at', 'break_id', 'scope_type', 'scope_id', 'metric_id', 'note']},
        'surveys': {'key': ['response_id'], 'event_at': 'answered_at', 'columns': ['response_id', 'contact_id', 'case_id', 'kind', 'value', 'sent_at', 'answered_at']},
        'sentiment': {'key': ['contact_id', 'scored_at'], 'event_at': 'scored_at', 'columns': ['contact_id', 'score', 'scale', 'party', 'scored_at', 'model_version']}
    } %}
    {{ return(entities) }}
{% endmacro %}
