"""What a request costs, what may be spent, and what was used."""
