"""The tags that other capabilities' pages load: what can be done to the runs that they show."""
