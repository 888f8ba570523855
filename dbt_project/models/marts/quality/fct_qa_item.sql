-- One row per item of a quality evaluation.
{{ config(materialized="view") }}
select centre, source_instance, evaluation_id, item_id, kind, score, is_failed
from {{ ref("int_entity__evaluation_items") }}
