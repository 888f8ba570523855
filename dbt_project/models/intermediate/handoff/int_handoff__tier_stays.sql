-- One row per stay of a contact or case in a queue, of sources that derive escalations from tiers.
-- Groups of cases have a tier where they are described as queues.
with
    deriving_sources as (
        select distinct source_instance
        from {{ ref("stg_faultline__sources") }}
        where derive_escalations = 'tier'
    ),

    stays as (
        select
            l.contact_key as unit_key,
            l.centre,
            l.source_instance,
            'contact' as unit_type,
            l.contact_id as unit_id,
            l.started_at,
            l.leg_seq as stay_seq,
            l.queue_tier as tier
        from {{ ref("int_contact__legs") }} as l
        inner join deriving_sources as d on l.source_instance = d.source_instance
        where l.queue_id is not null
        union all
        select
            i.case_key,
            i.centre,
            i.source_instance,
            'case',
            i.case_id,
            i.valid_from,
            i.interval_seq,
            max(q.tier)
        from {{ ref("int_case__intervals") }} as i
        inner join deriving_sources as d on i.source_instance = d.source_instance
        left join
            {{ ref("int_organisation__queues") }} as q
            on i.centre = q.centre
            and i.value = q.queue_id
            and i.valid_from >= q.valid_from
            and i.valid_from < q.valid_to
        where i.field = 'group' and i.value is not null
        group by 1, 2, 3, 4, 5, 6, 7
    )

select
    s.*,
    -- The first known tier is where it began, and no rise.
    coalesce(
        tier > max(tier) over (
            partition by unit_key
            order by started_at nulls last, stay_seq nulls last
            rows between unbounded preceding and 1 preceding
        ),
        case when tier is not null then false end
    ) as is_rise
from stays as s
