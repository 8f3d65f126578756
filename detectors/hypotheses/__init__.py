"""Innocent reasons for events, a table per detector."""
