"""Names of splits that have a meaning here; data sets may bring others."""

TRAINING, PUBLIC_TEST, PRIVATE_TEST = "Training", "PublicTest", "PrivateTest"

FER2013_SPLITS = (TRAINING, PUBLIC_TEST, PRIVATE_TEST)
"""Those of the challenge, in its order."""

TEST = "test"
"""Rows to score of a split that was drawn again, or of a data set that calls it so."""

FOLD = "fold"
"""Rows of the fold that is left out of training."""

WHOLE = "all"
"""Split of pictures that are in no split."""

EVERY_ROW = "all"
"""What one asks for to get the rows of all splits."""
