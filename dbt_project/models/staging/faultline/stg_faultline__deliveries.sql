-- One row per delivered file and entity, as the manifest has it.
select
    delivery_id,
    source_instance,
    centre,
    entity,
    source_file,
    status,
    reason,
    delivered_at,
    n_read,
    n_landed,
    n_filtered,
    n_quarantined,
    n_columns_missing,
    n_columns_extra,
    file_set,
    digest,
    n_bytes,
    n_lines
from {{ source("raw_faultline", "deliveries") }}
