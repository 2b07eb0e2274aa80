"""What stands in the popover and the details window, card by card, decided without Qt."""
