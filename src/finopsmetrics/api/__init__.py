"""The HTTP face: every answer of a workspace over HTTP, on this machine."""
