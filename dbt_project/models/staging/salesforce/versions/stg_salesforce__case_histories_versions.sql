-- One row per delivered version of one tracked change of one field of one case; a changed foreign key fills
-- two rows.
-- Made by `make generate`; do not edit.
{{ every_version("raw_salesforce", "case_histories") }}
