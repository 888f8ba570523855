-- One row per delivered version of one risk score of one customer.
-- Made by `make generate`; do not edit.
{{ every_version("raw_mapped", "risk_scores") }}
