"""The exports of a simulated centre, written as the vendors write them and delivered day by day.

Belongs here: one module per vendor, each SQL over the event tables; plain CSV feeds by the source contract.
Does not belong here: what happened (`centre`), the truth.
May import: DuckDB, and `events` beside it.
"""
