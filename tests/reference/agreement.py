"""Makes `agreement.csv`, which `tests/statistics.rs` compares with, beside this file.

    python3 -m venv /tmp/agreement && /tmp/agreement/bin/pip install irrCAC==0.4.4 scikit-learn==1.9.1
    /tmp/agreement/bin/python tests/reference/agreement.py

irrCAC is the Python edition of K. Gwet's own package; it wants an older SciPy than `reference.py` does, so this script stands
apart. Cohen's kappa of two raters is held against scikit-learn's as well. Where all agree irrCAC's variance is nothing; the
product's own interval for that case is made here from its definition.
"""

import csv
import itertools
import pathlib

import numpy as np
import pandas as pd
from irrCAC.raw import CAC
from scipy import stats
from sklearn.metrics import cohen_kappa_score

HERE = pathlib.Path(__file__).parent


def samples():
    rng = np.random.default_rng(7)
    for (both, first, second, neither) in [(20, 5, 10, 15), (40, 5, 5, 50), (80, 10, 10, 0), (1, 0, 1, 58), (10, 0, 0, 30),
                                           (0, 4, 3, 5), (0, 1, 0, 1), (118, 5, 2, 0), (3, 3, 3, 3), (30, 1, 0, 1),
                                           (1, 1, 1, 1), (45, 15, 25, 15), (25, 35, 5, 35), (1, 0, 0, 1), (7, 0, 2, 0)]:
        yield [[1, 1]] * both + [[1, 0]] * first + [[0, 1]] * second + [[0, 0]] * neither
    for n, raters in itertools.product((5, 12, 40, 150), (2, 3, 4, 5)):
        for share, flip in ((0.5, 0.1), (0.1, 0.05), (0.9, 0.3)):
            truth = rng.random(n) < share
            yield [[int(t ^ (rng.random() < flip)) for _ in range(raters)] for t in truth]


def student(freedom, share):
    """The quantile: this SciPy's own is good to eight digits, its distribution function to fifteen."""
    near = stats.t.ppf(share, freedom)
    for _ in range(3):
        near -= (stats.t.cdf(near, freedom) - share) / stats.t.pdf(near, freedom)
    return near


def main():
    rows = []
    for ratings, confidence in itertools.product(samples(), (0.9, 0.95)):
        n, raters = len(ratings), len(ratings[0])
        flat = [r for row in ratings for r in row]
        if len(set(flat)) < 2:
            continue
        agree = sum(len(set(row)) == 1 for row in ratings)
        exact = stats.binomtest(agree, n).proportion_ci(confidence, "exact")
        found = []
        for of in ("conger", "gwet"):
            # Fifteen digits: by default it rounds to five.
            cac = CAC(pd.DataFrame(ratings), confidence_level=confidence, digits=15)
            est = getattr(cac, of)()["est"]
            value, t = est["coefficient_value"], student(n - 1, (1 + confidence) / 2)
            low, high = value - t * est["se"], value + t * est["se"]
            assert agree == n or np.allclose([max(low, -1), min(high, 1)],
                                             np.clip(est["confidence_interval"], -1, 1), atol=1e-7)
            if agree == n:
                low, high = (exact.low - est["pe"]) / (1 - est["pe"]), 1.0
            found += [float(value), float(max(low, -1.0)), float(min(high, 1.0))]
        if raters == 2:
            first, second = zip(*ratings)
            assert abs(cohen_kappa_score(first, second) - found[0]) < 1e-12
        text = " ".join("".join(map(str, row)) for row in ratings)
        rows.append([text, confidence, agree, float(exact.low), float(exact.high), *found])
    with open(HERE / "agreement.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["ratings", "confidence", "agree", "agree_low", "agree_high", "kappa", "kappa_low", "kappa_high",
                         "ac1", "ac1_low", "ac1_high"])
        for row in rows:
            writer.writerow([repr(x) if isinstance(x, float) else x for x in row])
    print(f"agreement: {len(rows)} rows")


if __name__ == "__main__":
    main()
