"""Possible meeting: two vessels could have been together where neither can be followed."""

from detectors.possible_meeting.detector import PossibleMeeting

__all__ = ["PossibleMeeting"]
