"""Open thousands of damaged model files: each must open or be refused with a ConvscopeError.

uv run python scripts/fuzz_models.py h5 5000
uv run python scripts/fuzz_models.py onnx 5000 --seconds 600

Files are cut short, overwritten, given the wrong name, swollen, and their contents changed value by
value. Workers open them, so that a crash or a hang ends one worker and is counted; an allocation
of more than 2 GB, and code from a file that runs, are counted too.
"""

import sys

from fuzzing.models import MODELS
from fuzzing.running import main

if __name__ == "__main__":
    sys.exit(main(__doc__, MODELS))
