"""Built-in dashboards, one for each role: files that can be copied, changed and applied as they are."""
