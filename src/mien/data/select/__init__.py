"""Which rows are used for what: held-out tenth, twins, folds, draws, mixtures."""
