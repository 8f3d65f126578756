"""Assess: from events to a ranked list of vessels, and what people concluded about them.

`ranking` makes the list, each vessel with reasons a sailor would understand; `dispositions`,
`operations` and `watchlists` hold what people know. It imports `learn` and what stands
below, and gives frames.
"""
