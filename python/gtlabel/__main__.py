"""``python -m gtlabel`` is the command ``gtlabel``."""

import sys

from gtlabel.cli import main

if __name__ == "__main__":
    sys.exit(main())
