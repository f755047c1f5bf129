"""A need's owner compares the answers to it, on criteria of their own."""
