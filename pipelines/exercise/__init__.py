"""Exercises: simulated feeds with the truth about them, and the score of a run against it."""

from pipelines.exercise.score import Score, score
from pipelines.exercise.simulate import simulate
from pipelines.exercise.truth import ExerciseError, Planted, Truth

__all__ = ["ExerciseError", "Planted", "Score", "Truth", "score", "simulate"]
