"""Surroundings: zones, polygons, coasts, boundaries, coverage, lanes, normal traffic, sun."""
