"""Learn: what past traffic teaches: places, lanes, and what is normal where.

Everything learned is a dated snapshot in HOME/learned that is never changed afterwards; places
count only after a person has accepted them. It imports `store` and `reference`; what it leaves
is read by `reference`.
"""
