-- One row per account, a company or a private customer, as it stood at a delivery.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_salesforce", "accounts") }}
