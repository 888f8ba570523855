-- One row per blind spot, source instance, scope and window: what the judges look at.
-- Scope `source` is everything; teams, reasons and channels are judged over spans and eight weeks.
{% set scopes = {"team": "team", "reason": "reason", "channel": "channel"} %}
with
    scope_windows as (
        select
            blind_spot_id,
            centre,
            source_instance,
            'source' as scope_type,
            source_instance as scope_id,
            window_type,
            window_start,
            window_end,
            affected_n,
            undecidable_n,
            total_n,
            first_seen_date,
            last_seen_date
        from {{ ref("cov_windows") }}
        {% for scope, column in scopes.items() %}
            union all
            select
                blind_spot_id,
                centre,
                source_instance,
                '{{ scope }}',
                {{ column }},
                window_type,
                window_start,
                window_end,
                affected_n,
                undecidable_n,
                total_n,
                first_seen_date,
                last_seen_date
            from {{ ref("cov_windows") }}
            where {{ column }} is not null and window_type in ('eight_weeks', 'span')
        {% endfor %}
    ),

    scope_sums as (
        select
            blind_spot_id,
            centre,
            source_instance,
            scope_type,
            scope_id,
            window_type,
            window_start,
            window_end,
            cast(sum(affected_n) as bigint) as affected_n,
            cast(sum(undecidable_n) as bigint) as undecidable_n,
            cast(sum(total_n) as bigint) as total_n,
            min(first_seen_date) as first_seen_date,
            max(last_seen_date) as last_seen_date
        from scope_windows
        group by 1, 2, 3, 4, 5, 6, 7, 8
    )

select
    s.*,
    -- What cannot be decided counts as affected: unseen is not healthy.
    (affected_n + undecidable_n) / nullif(cast(total_n as double), 0) as affected_share
from scope_sums as s
