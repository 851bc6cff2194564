"""Send thousands of damaged messages to the explorer: each gets its answer or a refusal.

uv run python scripts/fuzz_messages.py session 5000
uv run python scripts/fuzz_messages.py http 5000 --seconds 600

Frames reach a session of small networks; requests, whole or not, a server on this machine. What is
counted is what `fuzz_models.py` counts, and replies that say that something went wrong inside.
"""

import sys

from fuzzing.messages import MESSAGES
from fuzzing.running import main

if __name__ == "__main__":
    sys.exit(main(__doc__, MESSAGES))
