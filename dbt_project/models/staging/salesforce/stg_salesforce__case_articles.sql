-- One row per article attached to one case.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_salesforce", "case_articles") }}
