"""Exercises: simulated feeds with the truth about them, and the score of a run against it."""

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
