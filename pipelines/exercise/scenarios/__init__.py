"""Scenarios beyond meeting, loitering and silence: who says he is somebody or somewhere else, who
carries people, who boards, who is visited, who may have met, who was only seen; and what resembles
them.

Written from what the words mean, without regard to how a detector goes about finding it.
"""
