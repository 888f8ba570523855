"""Which values of an export are personal data, and what lands in their place.

Belongs here: rules that tell names, addresses, numbers and texts from ids and codes; SQL that applies them.
Does not belong here: the keyed hash itself and its salt, which columns an entity has.
May import: the contract, the keyed hash, and small libraries.
"""
