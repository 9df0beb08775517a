"""GitHub: its billing usage."""
