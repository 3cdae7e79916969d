"""Everything in docs/performance.md anew, one part after the other: about twenty minutes on two free cores.

python benchmarks/performance.py
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.parse_args()
    subprocess.run([sys.executable, HERE / "speed.py"], check=True)
    subprocess.run([sys.executable, HERE / "plate_speed.py"], check=True)
    with tempfile.TemporaryDirectory() as wells:
        for script in ("big_wells.py", "killed_wells.py"):
            subprocess.run([sys.executable, HERE / script, "--folder", wells], check=True)


if __name__ == "__main__":
    main()
