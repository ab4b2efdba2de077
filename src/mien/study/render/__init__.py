"""What a study writes: tables, figures, one page."""
