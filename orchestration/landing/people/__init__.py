"""Which values of an export are personal data, and what lands in their place.

Belongs here: rules that separate names, addresses, numbers and texts from ids and codes; keyed hashes;
the salt.
Does not belong here: which columns an entity has.
May import: `base`, `sources`, and small libraries.
"""
