"""From an ask of the editor to its answer: requests in flight, reuse, and the shape of what is shown."""
