"""From a flag's score to the chance that a boarding finds something, learned from outcomes.

Two curves are tried, both monotone, so that the order of a list never changes: Platt's logistic
curve over the score's log odds (Platt 1999) and isotonic regression (Zadrozny and Elkan 2002). The
one of the smaller log loss on outcomes that it hasn't seen is kept (five folds). What is reported
comes from those folds. The probability stands beside the score and never replaces it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.arrays import Floats
from detectors.core.errors import SelatError
from pipelines.base.proportions import wilson
from pipelines.base.text import counted

MIN_OUTCOMES: Final = 50
MIN_OF_EITHER: Final = 10
"""Fewer can't tell a curve from noise: with 10 of one kind the share is known to within a third."""

UNAIDED: Final = 0.04
"""Of 100 boardings without any lead about 4 find something: the figure that flags must beat."""

FOLDS: Final = 5
SEED: Final = 0
_EDGE: Final = 1e-3
_PER_BIN: Final = 10
_MAX_BINS: Final = 10

LIMITS: Final = (
    "Only flags that somebody looked at are in it; what nobody looked at may be otherwise.",
    "An outcome is what a person concluded; “boarded” means that the boarding confirmed the flag.",
    "It holds for the detectors, thresholds and waters of the runs that it was fitted on.",
    "It says how often flags of such a score were right, not whether this one is.",
)


class CalibrationError(SelatError):
    """No curve can be fitted to these outcomes."""

    exit_code = 7


@dataclass(frozen=True)
class Calibration:
    """A fitted curve."""

    method: str
    """"logistic" or "isotonic"."""
    parameters: Mapping[str, Sequence[float]]
    """logistic: slope and intercept over the log odds of the score; isotonic: scores and
    probabilities, between which the curve is a straight line."""

    def probability(self, score: Any) -> Floats:
        """Return the chance that a boarding finds something, for scores from 0 to 1."""
        values = np.asarray(score, "float64")
        if self.method == "logistic":
            [slope], [intercept] = self.parameters["slope"], self.parameters["intercept"]
            return np.asarray(1 / (1 + np.exp(-(slope * _log_odds(values) + intercept))))
        curve = self.parameters["score"], self.parameters["probability"]
        return np.asarray(np.interp(values, *curve), "float64")


@dataclass(frozen=True)
class Fitted:
    """A curve and how well it does on outcomes that it hasn't seen."""

    calibration: Calibration
    """Fitted on all outcomes."""
    scores: Mapping[str, Mapping[str, float]]
    """Of each method: log_loss and brier; of "share" those of always saying the overall share."""
    reliability: pd.DataFrame
    """Outcomes in bins of their predicted probability: predicted (mean), observed (share), low and
    high (Wilson, 95 %), n."""
    lift: Mapping[str, Mapping[str, float]]
    """Of all flags, and of the third with the highest predictions: n, found, share, low, high, and
    lift, the share over `UNAIDED`."""


def fit(outcomes: pd.DataFrame) -> Fitted:
    """Fit a curve to outcomes (`outcomes.OUTCOMES`; only score and found are read).

    Raises CalibrationError if they are too few, or too few of either kind, or the score tells them
    no better than their overall share does.
    """
    score = outcomes["score"].to_numpy("float64")
    found = outcomes["found"].to_numpy(bool)
    _refuse_few(found)
    guesses = {name: _out_of_fold(score, found, how) for name, how in _METHODS.items()}
    guesses["share"] = _out_of_fold(score, found, None)
    scores = {name: _judged(guess, found) for name, guess in guesses.items()}
    best = min(_METHODS, key=lambda name: (scores[name]["log_loss"], name != "logistic"))
    if scores[best]["log_loss"] >= scores["share"]["log_loss"]:
        raise CalibrationError(
            "the score tells these outcomes no better than their overall share does "
            f"(log loss {scores[best]['log_loss']:.3f}, share {scores['share']['log_loss']:.3f})",
            hint="gather more outcomes, from the lower part of the list too",
        )
    calibration = _METHODS[best](score, found)
    guess = guesses[best]
    third = guess >= np.quantile(guess, 2 / 3)
    lift = {"all": _lift(found), "highest_third": _lift(found[third])}
    return Fitted(calibration, scores, _reliability(guess, found), lift)


def _refuse_few(found: NDArray[np.bool_]) -> None:
    right = int(found.sum())
    if len(found) >= MIN_OUTCOMES and min(right, len(found) - right) >= MIN_OF_EITHER:
        return
    raise CalibrationError(
        f"too few outcomes: {counted(len(found), 'flag')} with a conclusion, something found on "
        f"{right}, nothing on {len(found) - right}; {MIN_OUTCOMES} are needed, {MIN_OF_EITHER} of "
        "either",
        hint="record them: selat disposition add EVENT --as boarded|cleared|benign_cause …",
    )


def _logistic(score: Floats, found: NDArray[np.bool_]) -> Calibration:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e6).fit(_log_odds(score)[:, None], found)
    slope, intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
    if slope < 0:  # a list upside down: the best monotone curve is flat
        slope, share = 0.0, float(found.mean())
        intercept = float(np.log(share / (1 - share)))
    return Calibration("logistic", {"slope": [slope], "intercept": [intercept]})


def _isotonic(score: Floats, found: NDArray[np.bool_]) -> Calibration:
    from sklearn.isotonic import IsotonicRegression

    # A step that knows only one kind mustn't be certain: as if half of one more were of the other.
    edge = 0.5 / (len(found) + 1)
    model = IsotonicRegression(y_min=edge, y_max=1 - edge).fit(score, found.astype("float64"))
    return Calibration(
        "isotonic",
        {"score": model.X_thresholds_.tolist(), "probability": model.y_thresholds_.tolist()},
    )


_METHODS: Final[Mapping[str, Callable[[Floats, NDArray[np.bool_]], Calibration]]] = {
    "logistic": _logistic,
    "isotonic": _isotonic,
}


def _out_of_fold(
    score: Floats,
    found: NDArray[np.bool_],
    method: Callable[[Floats, NDArray[np.bool_]], Calibration] | None,
) -> Floats:
    """Return the prediction for each outcome by a curve that was fitted without it."""
    from sklearn.model_selection import StratifiedKFold

    guess = np.empty(len(found))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    for known, held in folds.split(score, found):
        if method is None:
            guess[held] = found[known].mean()
        else:
            guess[held] = method(score[known], found[known]).probability(score[held])
    return guess


def _judged(guess: Floats, found: NDArray[np.bool_]) -> dict[str, float]:
    from sklearn.metrics import brier_score_loss, log_loss

    return {
        "log_loss": round(float(log_loss(found, guess, labels=[False, True])), 4),
        "brier": round(float(brier_score_loss(found, guess)), 4),
    }


def _reliability(guess: Floats, found: NDArray[np.bool_]) -> pd.DataFrame:
    """Bins of as many outcomes each, in the order of their prediction."""
    order = np.argsort(guess, kind="stable")
    bins = np.array_split(order, min(_MAX_BINS, max(1, len(order) // _PER_BIN)))
    rows = []
    for rows_of in bins:
        low, high = wilson(int(found[rows_of].sum()), len(rows_of))
        rows.append(
            {
                "predicted": float(guess[rows_of].mean()),
                "observed": float(found[rows_of].mean()),
                "low": low,
                "high": high,
                "n": len(rows_of),
            }
        )
    return pd.DataFrame(rows)


def _lift(found: NDArray[np.bool_]) -> dict[str, float]:
    right, n = int(found.sum()), len(found)
    low, high = wilson(right, n)
    return {
        "n": n,
        "found": right,
        "share": round(right / n, 4),
        "low": round(low, 4),
        "high": round(high, 4),
        "lift": round(right / n / UNAIDED, 2),
        "lift_low": round(low / UNAIDED, 2),
        "lift_high": round(high / UNAIDED, 2),
    }


def _log_odds(score: Floats) -> Floats:
    inside = np.clip(score, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(inside / (1 - inside)))


# ---- as files


def card(
    fitted: Fitted, outcomes: pd.DataFrame, *, simulated: bool, detectors: Mapping[str, str]
) -> dict[str, Any]:
    """Write what a reader must know: Mitchell et al. (2019), Model Cards for Model Reporting."""
    from importlib.metadata import version

    made = outcomes["made_time"]
    return {
        "what": "Chance that a boarding finds something, by the score of a flag",
        "used_by": "selat flagged and notebooks: beside the score, never instead of its parts",
        "simulated": simulated,
        "outcomes": len(outcomes),
        "found": int(outcomes["found"].sum()),
        "runs": int(outcomes["run_id"].nunique()),
        "since": f"{made.min():%Y-%m-%dT%H:%M:%SZ}",
        "until": f"{made.max():%Y-%m-%dT%H:%M:%SZ}",
        "detectors": dict(detectors),
        "method": fitted.calibration.method,
        "parameters": {k: list(v) for k, v in fitted.calibration.parameters.items()},
        "cross_validated": {k: dict(v) for k, v in fitted.scores.items()},
        "folds": FOLDS,
        "reliability": fitted.reliability.round(4).to_dict("records"),
        "unaided": UNAIDED,
        "lift": {k: dict(v) for k, v in fitted.lift.items()},
        "scikit_learn": version("scikit-learn"),
        "limits": list(LIMITS),
    }
