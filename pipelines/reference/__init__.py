"""Reference: the layers that detection is held against, for any area.

Land, boundaries, landmarks, built-in zones and rules, and the places and models that past traffic
taught and a person accepted. It imports `base`, and gives `Zones`, a gazetteer, coasts.
"""
