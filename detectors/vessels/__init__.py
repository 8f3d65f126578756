"""Vessels: what they state, identity numbers, and which of them a sighting was."""
