-- One row per tracked change of one field of one case; a changed foreign key fills two rows.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_salesforce", "case_histories") }}
