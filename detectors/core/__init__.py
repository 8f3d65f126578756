"""What every detector shares: its contract, the column glossary, events, evidence, hypotheses."""
