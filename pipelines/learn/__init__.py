"""What past traffic teaches: places, lanes, and what is normal where.

Everything learned is a dated snapshot in HOME/learned that is never changed afterwards; the newest
one is used. Places count only after a person has accepted them.
"""
