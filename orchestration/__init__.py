"""Faultline's wiring and extraction.

Belongs here: landing exports, running dbt and the judges in order, publishing, the command line.
Does not belong here: business rules (dbt), blind-spot judgement (expectations), the simulator (seeds).
May import: expectations, from one place (`defs/blind_spots`); nothing else of the project.
"""

import sys

_OLDEST = (3, 11)

if sys.version_info < _OLDEST:
    # Only syntax of old versions here: anything newer would fail with a stack trace.
    needed, found = (".".join(map(str, version)) for version in (_OLDEST, tuple(sys.version_info)[:2]))
    sys.stderr.write(
        "Error Faultline needs Python " + needed + " or newer; this is " + found + ". "
        "Set it up anew with: make PYTHON=/path/to/python3\n"
    )
    raise SystemExit(2)
