-- One row per quality evaluation.
{{ staged("evaluations") }}
