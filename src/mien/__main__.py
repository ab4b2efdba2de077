"""``mien`` and ``python -m mien``: the command line."""

import sys


def main() -> None:
    """Entry point of the ``mien`` script; an interruption while modules load is quiet too."""
    try:
        from mien.cli import main as command
    except KeyboardInterrupt:
        sys.exit(130)
    command()


if __name__ == "__main__":
    main()
