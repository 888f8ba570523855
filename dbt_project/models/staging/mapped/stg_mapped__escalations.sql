-- One row per recorded escalation.
{{ staged("escalations") }}
