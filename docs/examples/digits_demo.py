"""Labels the handwritten digits of scikit-learn with simulated people: `./dev demo`.

Writes digits.csv (the pool, for docs/examples/digits.cpp), labels.csv and report.png into the
folder given as argument; default: demo_output.
"""

import sys
from pathlib import Path

import gtlabel as gt
import matplotlib
import numpy as np
from sklearn.datasets import load_digits


def print_round(report):
    """One line per round: what the job knows when it decides what to ask next."""
    now = report.history[-1]
    print(
        f"{now.round:5} {now.n_human:6} {now.n_auto:9} {now.n_audited:7} {now.errors_found:6} "
        f"{now.expected_human_share:11.1%}"
    )


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    X, truth = load_digits(return_X_y=True)
    X = X.astype(np.float32)
    np.savetxt(folder / "digits.csv", np.column_stack([truth, X]), fmt="%d", delimiter=",")

    job = gt.LabelingJob(X, classes=[str(digit) for digit in range(10)], target=gt.ErrorTarget(max_error=0.05))
    print(f"{len(X):,} digits; target: {job.report().target}\n")
    print("round  asked automatic audited errors  asked, in all (expected)")
    rounds = 0
    while (batch := job.next_batch()) is not None:
        if job.report().rounds > rounds:
            rounds = job.report().rounds
            print_round(job.report())
        job.submit(batch.items, truth[batch.items])  # here people would be asked

    report, certificate, labels = job.report(), job.certificate(), job.labels()
    is_auto = labels.source == "auto"
    wrong = int(np.sum(labels.class_index[is_auto] != truth[labels.item[is_auto]]))
    print(f"\npeople labelled {report.n_human:,} of {len(X):,} ({report.n_human / len(X):.1%})")
    if certificate is None:
        print(f"no certificate: {report.outcome}")
    else:
        print(f"certificate: {certificate.statement}")
        print(
            f"the truth, which the job never saw: {wrong} of {report.n_auto:,} automatic labels "
            f"are wrong ({wrong / report.n_auto:.2%}); certified: at most {certificate.bound:.2%}"
        )

    labels.to_pandas().to_csv(folder / "labels.csv", index=False)
    report.plot().figure.savefig(folder / "report.png", dpi=120)
    print(f"written to {folder}: digits.csv, labels.csv, report.png")


if __name__ == "__main__":
    matplotlib.use("agg")  # no window
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo_output"))
