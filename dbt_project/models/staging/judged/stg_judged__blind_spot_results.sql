-- One row per blind spot, source instance, scope and window that was judged.
select blind_spot_id, source_instance, scope_type, scope_id, window_type, window_start, status
from {{ source("judged", "blind_spot_results") }}
