-- Returns rows (failure) for every stratum whose coverage lies outside its bounds, or is bounded though
-- unknown.
select centre, stratum_type, stratum, window_type, window_start
from {{ ref("mart_qa_coverage") }}
where
    coverage_share_low > coverage_share + 1e-9
    or coverage_share_high < coverage_share - 1e-9
    or (coverage_share is null) <> (coverage_share_low is null)
    or (coverage_share is null) <> (coverage_share_high is null)
