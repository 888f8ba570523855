-- One row per source instance, team, reason, channel and day: rows whose stamps have an order, and
-- linked cases. A row is affected where its order cannot be, a case where CRM and telephony disagree about
-- the time that day.
with
    cases as (
        select c.*, cast({{ local_time("c.opened_at", "s.time_zone") }} as date) as opened_date
        from {{ ref("int_case__enriched") }} as c
        inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
    ),

    evaluations as (
        select
            e.centre,
            e.source_instance,
            c.first_team_id,
            c.reason,
            c.channel,
            c.started_date,
            e.submitted_at >= {{ dbt.dateadd("second", -1, "c.started_at") }} as is_order_possible
        from {{ ref("int_entity__evaluations") }} as e
        inner join
            {{ ref("int_contact__enriched") }} as c on e.centre = c.centre and e.contact_id = c.contact_id
    ),

    escalations as (
        select e.*, cast({{ local_time("e.requested_at", "s.time_zone") }} as date) as requested_date
        from {{ ref("int_entity__escalations") }} as e
        inner join {{ ref("int_source__spans") }} as s on e.source_instance = s.source_instance
    ),

    orders as (
        {% for relation, team, channel, day in [
            ("int_contact__enriched", "first_team_id", "channel", "started_date"),
            ("cases", "group_id", "channel", "opened_date"),
            ("evaluations", "first_team_id", "channel", "started_date"),
            ("escalations", "null", "null", "requested_date"),
        ] %}
            select
                centre,
                source_instance,
                coalesce({{ team }}, '(unknown)') as team,
                coalesce(reason, '(unknown)') as reason,
                coalesce({{ channel }}, '(unknown)') as channel,
                {{ day }} as event_date,
                not is_order_possible as is_affected,
                false as is_undecidable
            from {{ ref(relation) if relation.startswith("int_") else relation }}
            where is_order_possible is not null
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    ),

    skewed_days as (
        select
            source_instance,
            contact_source_instance,
            opened_date,
            abs({{ percentile("skew_seconds", 0.5) }}) > {{ threshold("bs36_skew_seconds") }} as is_skewed
        from {{ ref("int_blind_spot__case_skews") }}
        group by source_instance, contact_source_instance, opened_date
        having count(*) >= {{ threshold("min_points") }}
    ),

    findings as (
        select *
        from orders
        union all
        select {{ source_dimensions("c", "opened_date") }}, s.is_skewed, false
        from {{ ref("int_blind_spot__case_skews") }} as c
        inner join
            skewed_days as s
            on c.source_instance = s.source_instance
            and c.contact_source_instance = s.contact_source_instance
            and c.opened_date = s.opened_date
    )

    {{ counted("findings") }}
