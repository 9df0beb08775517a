"""Who may do what: users, teams, roles, sessions, tokens."""
