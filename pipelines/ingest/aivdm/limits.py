"""How near one another sentences are that belong together: parts, groups, `$PGHP` lines."""

from typing import Final

# How long a part of a message waits for the others. A transmission lasts 5 slots of 26.7 ms
# (ITU-R M.1371-5, Annex 2, 3.2.2.11), and IEC 61162-1 reuses the 10 sequential identifiers in turn,
# so that a much later part with the same identifier belongs to another message; a part that comes
# before one with a lower number even more so. In 5,300 real messages of several parts, all but one
# had their parts in order and next to one another.
PARTS_WITHIN_SENTENCES: Final = 250
SWAPPED_WITHIN_SENTENCES: Final = 20
PARTS_WITHIN_US: Final = 10_000_000
GROUP_WITHIN_SENTENCES: Final = 1_000

FRESH_WITHIN_PIECES: Final = 8
WRAPPED_WITHIN_PIECES: Final = 20
"""How far from its sentence a wrapper may stand, either side of it. Of 3,188 and 1,002 wrappers of
two real feeds from satellites 96 and 93 % find their sentence so (92 and 89 % within 10); 96 and
91 % of them agree with the UTC second in the report, as many as of those directly beside it.
Farther off, a wrapper that names the checksum is as likely another sentence's: there are 256."""

DELIVERY_US: Final = 60_000_000
"""An epoch so much later than the reception is that of the delivery. Loggers beside the receiver
lag for seconds, feeds of satellites for 15 to 120 minutes."""

DELIVERED_OF: Final = 5
"""One in so many lines near a sentence must be a wrapper that was delivered late, for the sentence
to be taken for delivered late as well: where a live feed and a satellite's were merged, most
aren't. In feeds from satellites two in five lines are wrappers."""

WRAPPERS_APART_US: Final = 10_000_000
"""How far apart the times around a sentence without a wrapper may be. Tried on sentences that have
one: 99 % are within 6 and 18 s of the truth, half within a second."""
