-- One row per change of one field of one case.
-- Where the source has no `change_seq`, the order of the files decides between rows of one moment.
with
    delivered_changes as (select * from {{ ref("stg_mapped__case_changes") }}),

    unnumbered as (select * from delivered_changes where change_seq is null),

    {{ line_order("unnumbered", "case_id", "changed_at") }}

select
    d.centre,
    d.source_instance,
    {% for column in contract()["case_changes"] if column != "change_seq" %} d.{{ column }}, {% endfor %}
    coalesce(d.change_seq, {{ line_seq("d", "f") }}) as change_seq,
    d.delivered_at
from delivered_changes as d
left join files as f on d.source_instance = f.source_instance and d.delivery_id = f.delivery_id
