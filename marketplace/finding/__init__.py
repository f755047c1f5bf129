"""Finding: what a reader looks for, and what the index and the database answer."""
