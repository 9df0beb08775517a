"""`python -m benchmarks.intelligence anomalies [SERIES]`, `demo [SEED]`, `forecasts [SERIES]`, or `nab FOLDER` with a copy of NAB."""

import sys
from pathlib import Path

from benchmarks.intelligence import anomalies, demo, forecasts, nab
from benchmarks.measure import show


def main() -> None:
    what, *rest = sys.argv[1:] or [""]
    if what == "anomalies":
        anomalies.main(*(int(one) for one in rest[:1]))
    elif what == "demo":
        demo.main(*(int(one) for one in rest[:1]))
    elif what == "forecasts":
        forecasts.main(*(int(one) for one in rest[:1]))
    elif what == "nab" and rest:
        show("NAB, one threshold fitted on the scored data", [nab.run(Path(rest[0]))])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
