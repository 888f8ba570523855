"""Faultline's wiring and extraction.

Belongs here: landing exports, running dbt and the judges in order, publishing, the command line.
Does not belong here: business rules (dbt), blind-spot judgement (expectations), the simulator (seeds).
May import: expectations, from one place (`defs/blind_spots`); nothing else of the project.
"""
