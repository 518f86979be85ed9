"""``python -m gtlabel`` is the command ``gtlabel``."""

import sys

from gtlabel.cli import main

sys.exit(main())
