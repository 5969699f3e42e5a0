"""The whole of signoff in one process, on a clock and a dice of the simulator's own, judged by its ledger."""
