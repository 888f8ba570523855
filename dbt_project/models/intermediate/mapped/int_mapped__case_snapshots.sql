-- One row per case after one update.
-- Where the source has no `change_seq`, the order of the files decides between rows of one moment.
with
    delivered_states as (select * from {{ ref("stg_mapped__case_snapshots") }}),

    unnumbered as (select * from delivered_states where change_seq is null),

    {{ line_order("unnumbered", "case_id", "snapshot_at") }}

select
    d.centre,
    d.source_instance,
    {% for column in contract()["case_snapshots"] if column != "change_seq" %} d.{{ column }}, {% endfor %}
    coalesce(d.change_seq, {{ line_seq("d", "f") }}) as change_seq,
    d.delivered_at
from delivered_states as d
left join files as f on d.source_instance = f.source_instance and d.delivery_id = f.delivery_id
