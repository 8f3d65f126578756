"""What a recipient's pack would tell, beside what is known here."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from pipelines.ask.desk import pictures
from pipelines.ask.desk.given import lettered, titled
from pipelines.ask.desk.night import Night

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pipelines.run.release import Released


@dataclass(frozen=True, repr=False)
class Shared:
    """A night as it was, and as a recipient's pack would tell it."""

    released: "Released"
    """See `run.release.Released`."""
    both: pd.DataFrame
    """The flagged vessels of either list: mmsi, name, rank and score here, rank and score there,
    reasons there; strongest there first."""
    not_held: pd.DataFrame
    """Those that would be flagged there, and aren't here: what is known besides speaks against
    them."""
    simulated: bool

    def __repr__(self) -> str:
        there, here = self.both["rank_there"].notna().sum(), self.both["rank_here"].notna().sum()
        return f"Shared({there} flagged there, {here} here, {len(self.not_held)} not held here)"

    def draw(self) -> "Figure":
        """Draw the score of each vessel here and there."""
        title = titled("Scores here and in the pack", simulated=self.simulated)
        return pictures.here_and_there(self.both, title)


def shared(night: Night, recipient: str) -> Shared:
    """Work out what a recipient of config/recipients.yaml would be told of a night.

    It is the run of a home that holds only what the recipient may have; nothing is signed or sent.

    Raises
    ------
    ConfigError
        If there is no such recipient.
    NoDataError
        If the recipient may have nothing of that night.
    """
    from pipelines.run.release import release_run

    released = release_run(night.installation, recipient, str(night.run["run_id"]))
    columns = ["mmsi", "name", "rank", "score"]
    here = pd.DataFrame(night.opened.flagged[columns])
    there = released.products.flagged[[*columns, "reasons"]]
    both = here.merge(there, on="mmsi", how="outer", suffixes=("_here", "_there"))
    both["name"] = both["name_there"].fillna(both["name_here"])
    order = ["mmsi", "name", "rank_here", "score_here", "rank_there", "score_there", "reasons"]
    both = both.sort_values(["score_there", "score_here", "mmsi"], ascending=[False, False, True])
    return Shared(
        released,
        lettered(both[order].reset_index(drop=True)),
        lettered(released.not_held),
        night.simulated,
    )
