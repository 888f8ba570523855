-- One row per change of one field of one case.
{{ staged("case_changes") }}
