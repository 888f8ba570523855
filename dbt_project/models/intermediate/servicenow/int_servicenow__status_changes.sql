-- One row per change of the status of an incident, in which a reason to wait is a status of its own.
-- A change of state is audited for both `incident_state` and `state`, and its reason to wait apart from it.
with
    audits as (select * from {{ ref("int_servicenow__incident_audits") }}),

    ranked_states as (
        select
            r.*,
            row_number() over (
                partition by
                    source_instance,
                    record_id,
                    created_at,
                    update_seq,
                    case
                        when update_seq = -1 then coalesce(old_state, '') || '>' || coalesce(new_state, '')
                    end
                order by
                    case when old_state is null and new_state is null then 1 else 0 end nulls last,
                    field nulls last,
                    old_state nulls last,
                    new_state nulls last,
                    audit_id nulls last
            ) as state_rank
        from audits as r
        where field in ('incident_state', 'state')
    ),

    states as (select * from ranked_states where state_rank = 1),

    holds as (select * from audits where field = 'hold_reason')

select
    s.centre,
    s.source_instance,
    s.record_id,
    'state' as audited_field,
    case
        when s.old_state = 'on_hold' then coalesce(h.old_hold_reason, s.old_state) else s.old_state
    end as old_value,
    case
        when s.new_state = 'on_hold' then coalesce(h.new_hold_reason, s.new_state) else s.new_state
    end as new_value,
    s.created_at,
    s.update_seq,
    s.line_seq,
    s.changed_by_key,
    s.audit_id,
    s.delivered_at
from states as s
left join
    holds as h
    on s.source_instance = h.source_instance
    and s.record_id = h.record_id
    and s.created_at = h.created_at
    and s.update_seq = h.update_seq
union all
-- The incident waits on, for another reason.
select
    h.centre,
    h.source_instance,
    h.record_id,
    'hold_reason',
    coalesce(h.old_hold_reason, 'on_hold'),
    h.new_hold_reason,
    h.created_at,
    h.update_seq,
    h.line_seq,
    h.changed_by_key,
    h.audit_id,
    h.delivered_at
from holds as h
left join
    states as s
    on h.source_instance = s.source_instance
    and h.record_id = s.record_id
    and h.created_at = s.created_at
    and h.update_seq = s.update_seq
where s.record_id is null and h.new_hold_reason is not null
