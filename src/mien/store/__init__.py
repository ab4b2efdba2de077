"""Files: bundles and their cards, pictures, and atomic writes."""
