"""The page on which a person decides of learned places."""
