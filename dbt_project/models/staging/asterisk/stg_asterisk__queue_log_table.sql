-- One row per row of the database table of the queue log.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_asterisk", "queue_log_table") }}
