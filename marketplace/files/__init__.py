"""Files: attachments and documents, their tiers and where they are kept."""
