"""What every detector shares: the column glossary, geodesy, tracks, zones, coverage, events."""
