-- One row per delivered version of one case as it stood at a delivery.
-- Made by `make generate`; do not edit.
{{ every_version("raw_salesforce", "cases") }}
