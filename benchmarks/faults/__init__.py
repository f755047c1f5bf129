"""Processes are killed at random moments of a busy run; afterwards everything acknowledged has to be there, once."""
