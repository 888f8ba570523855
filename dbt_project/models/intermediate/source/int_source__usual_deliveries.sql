-- One row per source instance, file set and local day of delivery after the first: what is usual by then.
-- `spread` is the standard deviation as a multiple of the square root of the usual number of rows.
with
    deliveries as (
        select d.*, cast(null as {{ dbt.type_float() }}) as scaled_deviation
        from {{ ref("int_source__delivery_days") }} as d
    ),

    -- First: how far each delivery was from the usual number at its time, as a multiple of the square root of
    -- that number. Rows often come in clumps, such as eight answers to each evaluation, and vary by more
    -- than one.
    {{ usual_deliveries("deliveries", "first") }}

    compared_deliveries as (
        select
            d.centre,
            d.source_instance,
            d.file_set,
            d.day,
            d.n_files,
            d.n_rows,
            d.n_refused,
            d.position,
            d.rhythm,
            abs(d.n_rows - u.n_rhythm_median) / sqrt(greatest(u.n_rhythm_median, 1)) as scaled_deviation
        from deliveries as d
        left join
            first_usual as u
            on d.source_instance = u.source_instance
            and d.file_set = u.file_set
            and d.day = u.day
    ),

    -- Second: which of them were complete. A delivery that was cut off does not lower what is usual after it.
    {{ usual_deliveries("compared_deliveries", "second") }}

    complete_deliveries as (
        select m.*
        from compared_deliveries as m
        left join
            second_usual as u
            on m.source_instance = u.source_instance
            and m.file_set = u.file_set
            and m.day = u.day
        where not coalesce({{ is_small_delivery("m.n_rows", "u.n_usual", "u.spread") }}, false)
    ),

    -- Third: what is usual by the complete ones.
    {{ usual_deliveries("complete_deliveries", "third", most=threshold("small_delivery_baseline")) }}

    usual_days as (select source_instance, file_set, day, n_usual, n_usual_files, spread from third_usual)

select *
from usual_days
