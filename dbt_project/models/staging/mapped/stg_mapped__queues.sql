-- One row per queue while the row was in force.
{{ staged("queues") }}
