"""Learn: what past traffic teaches: places, lanes, and what is normal where.

Everything learned is a dated snapshot in HOME/learned that is never changed afterwards; places
count only after a person has accepted them. It imports `detect` and what stands
below; what it gives is read by `reference`.
"""
