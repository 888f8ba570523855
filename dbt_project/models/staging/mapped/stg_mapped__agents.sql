-- One row per agent while the row was in force.
{{ staged("agents") }}
