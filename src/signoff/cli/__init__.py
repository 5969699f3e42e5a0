"""The command line. `main` is the door, and `root` what stands behind it; each command stands in a module of its own,
imported when it is used."""
