"""The widgets, one file each. A file with a subclass of `Widget` is a widget; there is nothing else to register."""
