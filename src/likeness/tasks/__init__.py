"""What a Siamese network serves besides faces: a folder for each task, over the same road."""
