"""What follows from a contract: registration form, milestones, payments, surveys of the outcome."""
