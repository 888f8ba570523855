-- One row per delivered version of one row of the database table of the queue log.
-- Made by `make generate`; do not edit.
{{ every_version("raw_asterisk", "queue_log_table") }}
