"""Value types, row format and pure NumPy: what every other layer speaks."""
