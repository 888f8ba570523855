-- One row per source instance, channel and local hour of day: how many contacts led to a customer.
{% set methods = ["case_id", "customer_id", "other_id", "phone", "email", "shared_phone"] %}
with
    contacts as (
        select
            c.*,
            coalesce(c.channel, '(unknown)') as known_channel,
            cast(extract(hour from {{ local_time("c.started_at", "s.time_zone") }}) as bigint) as hour_of_day
        from {{ ref("int_contact__enriched") }} as c
        inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
    ),

    counted as (
        select
            centre,
            source_instance,
            known_channel as channel,
            cast(hour_of_day as bigint) as hour_of_day,
            count(*) as n_contacts,
            count(customer_id) as n_matched,
            {% for method in methods %}
                count(*) filter (where customer_link_method = '{{ method }}') as n_by_{{ method }},
            {% endfor %}
            count(*) filter (where is_ambiguous) as n_ambiguous,
            count(*) filter (
                where n_customers_of_number > {{ threshold("shared_number_customers") }}
            ) as n_crowded,
            cast(max(greatest(n_customers_sharing, n_customers_of_number)) as bigint) as largest_collision
        from contacts
        group by 1, 2, 3, 4
    )

select
    c.*,
    n_matched / nullif(cast(n_contacts as double), 0) as match_share,
    {{ wilson_low("n_matched", "n_contacts") }} as match_share_low,
    {{ wilson_high("n_matched", "n_contacts") }} as match_share_high,
    n_ambiguous / nullif(cast(n_contacts as double), 0) as ambiguous_share,
    {{ wilson_low("n_ambiguous", "n_contacts") }} as ambiguous_share_low,
    {{ wilson_high("n_ambiguous", "n_contacts") }} as ambiguous_share_high
from counted as c
