"""What explains itself in place: findings, hints, hovers, actions, and why there was nothing."""
