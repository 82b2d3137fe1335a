"""How a card payment will end."""
