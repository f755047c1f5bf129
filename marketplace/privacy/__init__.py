"""What is known of people: taken home, deleted, kept no longer than needed."""
