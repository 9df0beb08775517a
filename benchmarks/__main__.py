"""`python -m benchmarks [ROWS] [FOLDER]`: ingest, queries and serving on one table of ROWS rows (10,000,000 unless given)."""

import sys
import tempfile
from pathlib import Path

from benchmarks import data, ingest, queries, serving


def main() -> None:
    """Run the measurements one after the other in one folder."""
    rows = int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 10_000_000
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(tempfile.gettempdir()) / "finopsmetrics-benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    source = data.make(folder / f"focus-{rows}.parquet", rows)
    home = ingest.main(folder, source, rows)
    queries.main(home)
    serving.main(home)


if __name__ == "__main__":
    main()
