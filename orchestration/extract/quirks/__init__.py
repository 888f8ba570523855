"""What exports turn out to be: wrapped JSON, bent ids, durations, files under other names or beside exports.

Belongs here: rules that tell how a delivered file differs from what its mapping means, and bring it there.
Does not belong here: landing itself, writing parts, what a value means for the centre.
May import: the modules of extraction that know files and source files, and what these may import.
"""
