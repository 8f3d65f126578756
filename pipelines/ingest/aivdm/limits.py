"""Limits by which `$PGHP` lines and the times of delivery are judged; see `wrappers`."""

from typing import Final

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
