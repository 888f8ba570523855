-- Returns rows (failure) for every bound that differs from the score intervals in table I of
-- Newcombe, Statistics in Medicine 17 (1998), or the complement of one, or that exists without
-- observations.
with
    printed as (
        select 81 as successes, 263 as total, 0.2553 as low, 0.3662 as high
        union all
        select 15, 148, 0.0624, 0.1605
        union all
        select 0, 20, 0.0000, 0.1611
        union all
        select 1, 29, 0.0061, 0.1718
        union all
        select 20, 20, 0.8389, 1.0000
        union all
        select 0, 0, null, null
        union all
        select null, 29, null, null
    ),

    computed as (
        select
            successes,
            total,
            low,
            high,
            {{ wilson_low("successes", "total") }} as low_found,
            {{ wilson_high("successes", "total") }} as high_found
        from printed
    )

select successes, total, low, low_found, high, high_found
from computed
where
    abs(low - low_found) > 0.00005
    or abs(high - high_found) > 0.00005
    or (low is null) <> (low_found is null)
    or (high is null) <> (high_found is null)
