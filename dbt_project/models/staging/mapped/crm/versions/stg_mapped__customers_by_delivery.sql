-- One row per delivery of one customer.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_mapped", "customers", per_delivery=true) }}
