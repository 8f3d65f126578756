"""Identity: one number for two hulls, one hull with two numbers, and what can't be right.

A rule is a module: `switch` (a hull that goes on under another number), `two_hulls`, `change`,
`shared` (two that say the same, or alike), `numbers` (that can't be right).
"""

from detectors.identity.detector import Identity

__all__ = ["Identity"]
