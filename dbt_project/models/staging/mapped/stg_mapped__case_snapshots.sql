-- One row per case after one update.
{{ staged("case_snapshots") }}
