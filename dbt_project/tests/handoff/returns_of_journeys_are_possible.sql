-- Returns rows (failure) for every journey with more direct than any returns, or more settled
-- than raw handoffs.
select journey_id
from {{ ref("mart_journey") }}
where n_returns_any < n_returns_direct or n_returns_any > n_handoffs or n_handoffs_settled > n_handoffs
