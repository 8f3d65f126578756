"""Packs: a recipient's products with a signed manifest, keys, and the log of what was sent."""
