"""Stories of a pipeline: its state file, its three checkpoints and what a decision at one does to it. Pure."""
