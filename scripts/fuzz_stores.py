"""Open thousands of damaged stores: each is read or refused with a ConvscopeError.

uv run python scripts/fuzz_stores.py survey 5000
uv run python scripts/fuzz_stores.py film 5000 --seconds 600

A survey is opened and shown in the explorer, or goes on; a film is opened and drawn. What is
counted is what `fuzz_models.py` counts.
"""

import sys

from fuzzing.running import main
from fuzzing.stores import STORES

if __name__ == "__main__":
    sys.exit(main(__doc__, STORES))
