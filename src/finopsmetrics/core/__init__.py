"""Words everyone uses: money, windows, conditions, errors, settings. Pure: no disk, no network."""
