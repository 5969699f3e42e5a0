"""The command line. `main` is the door; each command stands in a module of its own, imported when it is used."""
