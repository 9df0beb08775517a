"""Messages, appended to a file as lines of JSON."""
