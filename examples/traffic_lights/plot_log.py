"""Curves of a training run: plot_log.py log.json curves.png   (needs matplotlib)"""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402


def main():
    log = json.loads(Path(sys.argv[1]).read_text())
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
    steps = [row["step"] for row in log["steps"]]
    for name in ("classification", "localisation"):
        left.plot(steps, [row[name] for row in log["steps"]], label=name)
    left.set(xlabel="step", ylabel="loss", yscale="log")
    left.legend()
    checks = log["validation"]
    for tag in (key for key in checks[0] if key not in ("step", "part")):
        right.plot([c["step"] for c in checks], [c[tag] for c in checks], marker=".", label=tag)
    right.set(xlabel="step", ylabel="mAP@0.5, validation scenes", ylim=(0, 1))
    right.legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(sys.argv[2], dpi=80)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: plot_log.py log.json curves.png")
    main()
