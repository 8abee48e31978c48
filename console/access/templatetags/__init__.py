"""What a template says of what a person may see, built into every template."""
