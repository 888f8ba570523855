-- Returns rows (failure) for every case with more returns than handoffs, more direct than any returns,
-- or more settled than raw ones. A short stay that is dropped can make a return direct, so direct ones
-- may rise.
select source_instance, case_id
from {{ ref("mart_case") }}
where
    n_returns_any < n_returns_direct
    or n_returns_any_settled < n_returns_direct_settled
    or n_returns_any > n_handoffs
    or n_handoffs_settled > n_handoffs
    or n_returns_any_settled > n_returns_any
    or n_handoffs < 0
    or n_handoffs_settled < 0
