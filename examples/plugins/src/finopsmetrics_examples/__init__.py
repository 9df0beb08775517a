"""One small, working plugin of each type."""
