"""Monthly fees that no bill holds, as charges."""
