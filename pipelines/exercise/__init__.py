"""Exercise: simulated feeds with the truth about them, and the score of a run against it.

`simulate` writes a feed from a seed, `score` holds a run's folder against the truth, `trial` does
both for many seeds, with the command as a process. It imports `base` alone, so that it can't agree
with what it tries, and gives feeds, truths and scores.
"""

from pipelines.exercise.score import Score, pooled, score
from pipelines.exercise.simulate import simulate
from pipelines.exercise.trial import Trial, seeds_of
from pipelines.exercise.truth import ExerciseError, Planted, Truth

__all__ = [
    "ExerciseError",
    "Planted",
    "Score",
    "Trial",
    "Truth",
    "pooled",
    "score",
    "seeds_of",
    "simulate",
]
