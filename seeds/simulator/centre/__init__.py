"""The simulated centre itself: its organisation, its staffing, and the course of every contact and case.

Belongs here: what happens.
Does not belong here: how a vendor would write it down (`exports`), what is true about it (`truth`).
May import: numpy, and `draws`, `events`, `scenario` and `faults` beside it.
"""
