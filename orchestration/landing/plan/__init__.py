"""What becomes of every column, as SQL.

Belongs here: mappings with their types, times, durations, placeholders, faults, features of texts, and
ids whose digits were lost.
Does not belong here: opening files (`read`), which values are personal data (`people`), running the SQL.
May import: `base`, `sources`, `landing.read`, `landing.people`.
"""
