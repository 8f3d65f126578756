"""Files of an operation's report: a page with a picture, and JSON."""
