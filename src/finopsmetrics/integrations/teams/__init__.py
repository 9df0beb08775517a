"""Microsoft Teams: notices as Adaptive Cards."""
