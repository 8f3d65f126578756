"""Kinematics: reports, time grid, spans, geodesy, near pairs, circles, hulls and fixes."""
