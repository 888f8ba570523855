-- One row per definition, centre, local day and value of a dimension: escalated journeys that were evaluated
-- before. Of days for which nobody delivers evaluations, a journey without one is undecided.
with
    earlier_contacts as (
        select i.journey_key, {{ any_known("c.is_evaluated") }} as is_evaluated
        from {{ ref("int_contact__enriched") }} as c
        inner join {{ ref("int_journey__items") }} as i on c.contact_key = i.item_key
        inner join {{ ref("int_journey__journeys") }} as j on i.journey_key = j.journey_key
        where c.started_at < j.first_escalated_at
        group by i.journey_key
    ),

    units as (
        select
            j.*,
            case
                when c.is_evaluated
                then true
                when j.started_date >= e.first_date and j.ended_date <= e.last_date
                then case when c.journey_key is null then false else c.is_evaluated end
            end as is_covered
        from {{ ref("int_metric__journeys") }} as j
        inner join {{ ref("int_source__entities") }} as e on j.centre = e.centre and e.entity = 'evaluations'
        left join earlier_contacts as c on j.journey_key = c.journey_key
    ),

    {{ daily_metrics({"M23b": {"share": "is_covered", "of": "is_escalated"}}, ["channel", "reason"]) }}
