"""What a story's checkpoint touches outside of the ledger: the pipeline's state file, and the repository."""
