-- One row per leg of a customer's contact that an agent answered: where contacts of its reason were expected.
-- Rows of one reason may overlap: the newest counts. Of an unknown reason nobody knows where it belongs.
with
    matches as (
        select
            l.leg_key,
            l.centre,
            l.listed_agent_id,
            l.started_at,
            x.required_skill,
            x.expected_queue_group,
            case
                when x.reason is not null
                then true
                when e.is_delivered and lower(c.reason) not in {{ vague_words() }}
                then false
            end as is_route_expected,
            row_number() over (
                partition by l.leg_key order by x.valid_from desc nulls last, x.source_instance nulls last
            ) as match_seq
        from {{ ref("int_contact__legs") }} as l
        inner join {{ ref("int_contact__enriched") }} as c on l.contact_key = c.contact_key
        inner join
            {{ ref("int_source__entities") }} as e
            on l.centre = e.centre
            and e.entity = 'routing_expectations'
        left join
            {{ ref("int_organisation__routing_expectations") }} as x
            on c.centre = x.centre
            and c.reason = x.reason
            and l.started_at >= x.valid_from
            and l.started_at < x.valid_to
        where coalesce(c.is_customer_initiated, true) and coalesce(l.is_answered, l.agent_id is not null)
    )

select *
from matches
where match_seq = 1
