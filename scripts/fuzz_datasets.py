"""Read thousands of damaged datasets: each is read or refused with a ConvscopeError.

uv run python scripts/fuzz_datasets.py parquet 5000
uv run python scripts/fuzz_datasets.py shards 5000 --seconds 600

A file of a dataset is cut short, overwritten, swollen, changed in what it says of itself, lost,
renamed, or a folder stands in its place. What is counted is what `fuzz_models.py` counts.
"""

import sys

from fuzzing.datasets import DATASETS
from fuzzing.running import main

if __name__ == "__main__":
    sys.exit(main(__doc__, DATASETS))
