"""What to do about flags: predicted positions, sea routes, intercepts, risk sectors, a plan."""
