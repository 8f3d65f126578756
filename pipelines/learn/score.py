"""How much lies behind a learned place."""

from pipelines.learn.parameters import PlacesParameters


def score(n_vessels: int, n_days: int, firmness: float, parameters: PlacesParameters) -> float:
    """Return 0.5 at the fewest vessels and days, times firmness; towards 1 with more."""
    vessels = n_vessels / (n_vessels + parameters.min_vessels)
    days = n_days / (n_days + parameters.min_days)
    return round(float(2 * min(vessels, 0.999) * days * firmness / (vessels + days)), 3)
