-- One row per definition, centre, local day and value of a dimension: cases resolved with one answer.
with
    units as (
        select c.*, r.has_waited, r.n_interactions, r.n_replies
        from {{ ref("int_metric__resolved_cases") }} as c
        inner join {{ ref("int_case__first_resolutions") }} as r on c.case_key = r.case_key
    ),

    {{
        daily_metrics(
            {
                "M12c": {"share": "n_interactions <= 1"},
                "M12d": {"share": "n_replies > 0 and not has_waited and not is_reopened"},
                "M12d_one_reply": {"share": "n_replies = 1"},
            },
            ["channel", "reason", "team"],
        )
    }}
