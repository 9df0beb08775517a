"""Plugins and hooks: the sockets that built-ins and strangers use alike."""
