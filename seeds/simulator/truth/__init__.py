"""What is true about a simulated centre: written beside the exports, in a folder that no pipeline may read.

Belongs here: the conditions of each break on the complete event stream, planted faults and their effect.
Does not belong here: thresholds or SQL of the models that are graded with it.
May import: DuckDB, and the simulator's own modules.
"""
