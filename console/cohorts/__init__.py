"""From one run to those like it: the facts that it shares with others, toggled into a query."""
