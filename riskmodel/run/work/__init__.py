"""What the notebooks call: a few verbs a question, joining the rooms under one run's params."""
