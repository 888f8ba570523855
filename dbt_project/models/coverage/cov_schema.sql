-- One row per blind spot of group schema and source instance: rows of files that came without a
-- mapped column, rows that did not fit, and files that were refused whole.
with
    deliveries as (
        select
            d.*,
            -- Nobody knows how many rows a refused file held; the usual number stands in.
            greatest(
                case
                    when d.status = 'landed'
                    then d.n_read
                    else
                        coalesce(
                            avg(case when d.status = 'landed' then d.n_read end) over (
                                partition by d.source_instance, d.entity
                            ),
                            1
                        )
                end,
                1
            ) as n_rows
        from {{ source("raw_faultline", "deliveries") }} as d
    )

    {{ assessed("BS44") }}
union all
select
    'BS44',
    d.centre,
    d.source_instance,
    cast(null as {{ dbt.type_string() }}),
    cast(null as {{ dbt.type_string() }}),
    cast(null as {{ dbt.type_string() }}),
    coalesce(max(s.last_date), max(c.last_date)),
    cast(
        sum(
            case when d.status <> 'landed' or d.n_columns_missing > 0 then d.n_rows else d.n_quarantined end
        ) as bigint
    ),
    cast(0 as bigint),
    cast(sum(d.n_rows) as bigint)
from deliveries as d
inner join {{ ref("int_source__spans") }} as s on d.source_instance = s.source_instance
inner join
    (select centre, max(last_date) as last_date from {{ ref("int_source__spans") }} group by centre) as c
    on d.centre = c.centre
group by d.centre, d.source_instance
