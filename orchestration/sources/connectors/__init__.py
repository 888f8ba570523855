"""Connectors: what is known of a vendor's own export, so that a source file need only say where it is.

Belongs here: one folder per vendor with a `connector.yml`, and the code that reads it.
Does not belong here: a centre's own names (source files give those), what the tables mean (dbt models).
May import: what extraction may import.
"""
