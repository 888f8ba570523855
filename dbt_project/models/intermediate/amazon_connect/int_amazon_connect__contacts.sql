-- One row per contact: a chain of transfers, or one whose records are missing and that other exports mention.
with
    inferred_chains as (
        select
            centre,
            source_instance,
            root_contact_id as contact_id,
            coalesce(min_by(initial_contact_id, leg_seq), root_contact_id) as chain_id,
            min_by(channel, leg_seq) as channel,
            min_by(direction, leg_seq) filter (where leg_seq = 1) as direction,
            bool_or(initiation_method in {{ amazon_connect_methods(is_callback=true) }}) filter (
                where leg_seq = 1
            ) as is_callback,
            min(started_at) as started_at,
            max(ended_at) as ended_at,
            case when count(answered_at) > 0 then true end as is_answered,
            false as is_recorded,
            max(delivered_at) as delivered_at
        from {{ ref("int_amazon_connect__inferred_contacts") }}
        group by centre, source_instance, root_contact_id
    ),

    contacts as (
        select centre, source_instance, delivered_at, task_source, {{ contract()["contacts"] | join(", ") }}
        from
            {{ ref("int_amazon_connect__recorded_contacts") }}
            {% set inferred = [
                "contact_id",
                "chain_id",
                "channel",
                "direction",
                "started_at",
                "ended_at",
                "is_answered",
                "is_callback",
                "is_recorded",
            ] %}
        union all
        select
            centre,
            source_instance,
            delivered_at,
            cast(null as {{ landed_type("text") }}) as task_source
            {%- for column in contract()["contacts"] %}
                ,
                {% if column in inferred %} {{ column }}
                {% else %} {{ null_columns("contacts", [column]) }}
                {% endif %}
            {%- endfor %}
        from inferred_chains
    )

select
    c.centre,
    c.source_instance,
    c.delivered_at,
    -- A task has the channel of what made it.
    case when c.channel = 'TASK' then coalesce(c.task_source, 'task') else lower(c.channel) end as channel,
    coalesce(c.case_id, f.case_id) as case_id
    {%- for column in contract()["contacts"] if column not in ("channel", "case_id") %}
        , c.{{ column }}
    {%- endfor %}
from contacts as c
left join
    {{ ref("int_amazon_connect__contact_cases") }} as f
    on c.source_instance = f.source_instance
    and c.contact_id = f.contact_id
