"""Data Docs that open without a network.

Belongs here: the site, its page templates, and the style, scripts and font it needs, with their licences.
Does not belong here: judging.
May import: great_expectations; nothing else of the project.
"""
