-- One row per definition, centre, local day and value of a dimension: first contacts that settled the matter.
-- Contacts whose time to come back has not passed do not count.
{% set of = "is_answered and is_window_over" %}
with
    units as (
        select f.*, c.centre, c.day, c.channel, c.reason, c.team, c.queue_group
        from {{ ref("int_journey__first_contacts") }} as f
        inner join {{ ref("int_metric__contacts") }} as c on f.contact_key = c.contact_key
    ),

    {{
        daily_metrics(
            {
                "M12a": {"of": of, "share": "is_settled"},
                "M12a_strict": {"of": of, "share": "is_settled_strictly"},
                "M12g": {"of": of, "share": "is_settled_for_good"},
            },
            ["channel", "reason", "team", "queue_group"],
        )
    }}
