"""The composition root: the only place that names adapters, a module for each thing that is put together.

Imports are made where they are needed, so that a command which reads the ledger pays for nothing else; this package
itself imports nothing, so that whoever needs one module does not pay for the others.
"""
