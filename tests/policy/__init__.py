"""The laws of the house that neither a type nor an import contract can hold, checked without running anything:
`python -m tests.policy [TREE] [--json]`, or `poe policy`.

Each law is a module with one function, from a tree (the folder with `src/signoff` in it) to findings. They stand beside
the tests and not in the product: they read its source, which an installed signoff does not have with it.

Import-linter keeps the arrows between packages; `engine_imports` sees what it does not: imports by name
(`import_module("dbos")`), imports for the type checker alone, and modules that no contract lists yet.
"""
