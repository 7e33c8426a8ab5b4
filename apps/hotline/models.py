"""诉求记录: what was told elsewhere, on the 12345 hotline and its like. Only redacted text is ever kept."""
