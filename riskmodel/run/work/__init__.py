"""What the notebooks call: for each question a few verbs that join the rooms under one run's params."""
