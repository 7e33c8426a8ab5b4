"""The machine room: set-up, private database cluster, demo and test runs. Standard library only, run by the system's Python."""
