"""Tasks other than faces: a folder for each task, on the same library."""
