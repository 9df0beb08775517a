"""How good the intelligence is, measured on generated estates whose truth is known: `python -m benchmarks.intelligence`."""
