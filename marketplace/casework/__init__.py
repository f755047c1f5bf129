"""What is done on a case between its moves: meetings, tasks, documents and who read them."""
