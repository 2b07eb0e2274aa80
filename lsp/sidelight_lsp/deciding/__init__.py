"""When a request is bought: the policy, what it remembers and must know. The simulator runs it too."""
