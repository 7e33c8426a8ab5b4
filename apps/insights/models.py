"""What is derived of cases and records for maps and reports; all of it can be made anew."""
