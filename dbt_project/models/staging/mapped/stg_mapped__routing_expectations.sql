-- One row per expected route of a reason while it was in force.
{{ staged("routing_expectations") }}
