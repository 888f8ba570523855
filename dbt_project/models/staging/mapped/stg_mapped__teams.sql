-- One row per team while the row was in force.
{{ staged("teams") }}
