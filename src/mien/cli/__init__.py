"""The command line: parse, one library call, render. The only place that prints or exits."""

from mien.cli.app import main, run

__all__ = ["main", "run"]
