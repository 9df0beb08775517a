"""Measurements. Each prints ratios against the raw engine or a peer in the same run, for machines are noisy; none asserts."""
