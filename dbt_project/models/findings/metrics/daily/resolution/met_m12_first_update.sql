-- One row per definition, centre, local day and value of a dimension: cases resolved without a second
-- contact.
-- One update settles a case, whatever else is known of it.
with
    units as (
        select c.*, r.has_waited, r.n_contacts
        from {{ ref("int_metric__resolved_cases") }} as c
        inner join {{ ref("int_case__first_resolutions") }} as r on c.case_key = r.case_key
    ),

    {{
        daily_metrics(
            {
                "M12b": {
                    "share": "not is_reopened and (n_updates = 1 or (not has_waited and n_contacts <= 1))",
                },
            },
            ["channel", "reason", "team"],
        )
    }}
