-- One row per question of one evaluation.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_amazon_connect", "evaluation_items") }}
