"""Who did what: the audit log for operators, with names for everything it says."""
