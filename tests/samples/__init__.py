"""Samples of use: kept, asked for, told."""
