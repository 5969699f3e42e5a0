"""A person's terminal: a gate is drawn (`panel`), its evidence looked at (`evidence`), its form filled in (`form`) and
the decision asked for (`asking`), unless somebody answers `elsewhere` first."""
