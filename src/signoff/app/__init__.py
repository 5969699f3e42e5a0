"""What the system can do: one use case a file, each one verb. `ports` says what they need from the world.

Every use case that writes does so in one transaction on one workflow: what it changes, its audit entry and the outbox
row that sets the next thing going are there together or not at all.
"""
