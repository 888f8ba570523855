"""A simulated contact centre with planted faults: the demo, and the measuring stick for every diagnosis.

Belongs here: the centre, its faults and damages, the vendors' export formats, the hidden truth.
Does not belong here: anything the pipeline computes.
May import: numpy, pyarrow, DuckDB and small libraries; nothing of Faultline's other packages, and none of
them may import this one.
"""
