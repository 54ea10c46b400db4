"""Makes the tables that `tests/statistics.rs` compares with, one a family, beside this file.

    python3 -m venv /tmp/reference && /tmp/reference/bin/pip install scipy==1.17.1 statsmodels==0.15.0
    /tmp/reference/bin/python tests/reference/reference.py

What SciPy or statsmodels computes is taken from them. What neither has is computed here from its definition by another
road than the product's: Tango's interval by maximising the likelihood numerically, the signed-rank distribution by going
through all signs, power by summing over every outcome, the bootstrap with a generator of its own.
"""

import csv
import hashlib
import itertools
import math
import pathlib
import struct
from collections import Counter

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

HERE = pathlib.Path(__file__).parent


def write(name, header, rows):
    with open(HERE / f"{name}.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        for row in rows:
            writer.writerow([repr(float(x)) if isinstance(x, float) else x for x in row])
    print(f"{name}: {len(rows)} rows")


CORNERS = [(0, 1), (1, 1), (0, 2), (1, 2), (2, 2), (0, 5), (3, 5), (5, 5), (0, 10), (1, 10), (5, 10), (9, 10), (10, 10),
           (0, 60), (1, 60), (7, 60), (30, 60), (60, 60), (3, 200), (199, 200), (0, 300), (250, 1000), (1, 10000),
           (0, 10000), (5000, 10000), (10000, 10000)]
CONFIDENCES = [0.9, 0.95, 0.999]


def intervals():
    rows = []
    for (k, n), c in itertools.product(CORNERS, CONFIDENCES):
        exact = stats.binomtest(k, n).proportion_ci(c, "exact")
        upper = stats.binomtest(k, n, alternative="less").proportion_ci(c, "exact").high
        lower = stats.binomtest(k, n, alternative="greater").proportion_ci(c, "exact").low
        w_low, w_high = proportion_confint(k, n, 1 - c, "wilson")
        rows.append([k, n, c, float(exact.low), float(exact.high), float(lower), float(upper),
                     float(max(w_low, 0)), float(min(w_high, 1))])
    write("proportions", ["k", "n", "confidence", "low", "high", "lower", "upper", "wilson_low", "wilson_high"], rows)


TABLES = [(0, 1, 0, 1), (1, 1, 0, 1), (0, 1, 1, 1), (1, 1, 1, 1), (0, 5, 5, 5), (5, 5, 0, 5), (0, 10, 0, 10),
          (10, 10, 10, 10), (56, 70, 48, 80), (9, 10, 3, 10), (6, 7, 2, 7), (5, 56, 0, 29), (0, 10, 0, 20),
          (10, 10, 0, 20), (3, 60, 0, 60), (12, 60, 1, 60), (30, 60, 29, 60), (1, 500, 0, 40), (40, 400, 80, 420),
          (1, 1, 500, 1000), (700, 1000, 650, 1000), (3, 4, 9, 11), (0, 73, 7, 70), (17, 23, 23, 41)]


def differences():
    rows = []
    for (k1, n1, k2, n2), c in itertools.product(TABLES, CONFIDENCES):
        low, high = confint_proportions_2indep(k1, n1, k2, n2, "newcomb", "diff", 1 - c)
        p = stats.fisher_exact([[k1, n1 - k1], [k2, n2 - k2]]).pvalue
        rows.append([k1, n1, k2, n2, c, float(low), float(high), float(min(p, 1.0))])
    write("two_samples", ["k1", "n1", "k2", "n2", "confidence", "low", "high", "fisher_p"], rows)


PAIRS = [(1, 0, 0), (1, 1, 0), (1, 0, 1), (2, 1, 1), (5, 5, 0), (5, 0, 5), (5, 0, 0), (10, 3, 0), (10, 0, 3), (10, 5, 5),
         (14, 0, 1), (54, 0, 1), (50, 16, 2), (60, 0, 0), (60, 6, 0), (60, 11, 1), (60, 60, 0), (73, 0, 0), (100, 1, 12),
         (100, 20, 20), (200, 1, 0), (320, 14, 5), (1000, 40, 22), (30, 29, 0)]


def paired_score(n, b, c, delta):
    """The score statistic, its nuisance parameter found by maximising the trinomial likelihood, not by its root."""
    # The free rate q lies above its lowest value by u; so written, no two near-equals are taken apart.
    low, width = max(0.0, -delta), (1 - abs(delta)) / 2
    if b == 0 and c == 0:
        q = low
    else:
        def slope(u):
            # The derivative of b log(q + delta) + c log q + (n - b - c) log(1 - 2q - delta).
            terms = b / (u + max(delta, 0.0)) if b else 0.0
            terms += c / (u + low) if c else 0.0
            return terms - ((n - b - c) / (width - u) if n - b - c else 0.0)

        left, right = width * 1e-18, width * (1 - 1e-15)
        if slope(left) <= 0:
            q = low
        elif slope(right) >= 0:
            q = low + width
        else:
            q = low + optimize.brentq(slope, left, right, xtol=1e-300, rtol=8.9e-16, maxiter=2000)
    variance = n * (2 * q + delta - delta * delta)
    distance = b - c - n * delta
    if variance <= 0:
        return math.copysign(math.inf, distance) if distance else 0.0
    return distance / math.sqrt(variance)


def tango(n, b, c, confidence):
    z, found = stats.norm.ppf((1 + confidence) / 2), (b - c) / n

    def bound(end):
        if found == end:
            return end
        edge = end - math.copysign(1e-13, end)
        f = lambda d: abs(paired_score(n, b, c, d)) - z
        if f(edge) <= 0:
            return end
        return optimize.brentq(f, found, edge, xtol=1e-15, rtol=8.9e-16, maxiter=2000)

    return bound(-1.0), bound(1.0)


def pairs():
    rows = []
    for (n, b, c), confidence in itertools.product(PAIRS, CONFIDENCES):
        low, high = tango(n, b, c, confidence)
        p = float(mcnemar([[n - b - c, b], [c, 0]], exact=True).pvalue)
        rows.append([n, b, c, confidence, float(low), float(high), p])
    write("pairs", ["n", "only_first", "only_second", "confidence", "low", "high", "mcnemar_p"], rows)


def mcnemars():
    rows = [[b, c, float(mcnemar([[7, b], [c, 3]], exact=True).pvalue)]
            for b in (0, 1, 2, 3, 5, 8, 11, 20, 45, 300) for c in (0, 1, 2, 4, 9, 16, 50, 310)]
    write("mcnemar", ["only_first", "only_second", "p"], rows)


def families():
    rng = np.random.default_rng(5)
    lists = [[], [0.0], [1.0], [0.04], [0.5, 0.5], [0.01, 0.01, 0.01], [0.01, 0.02, 0.03, 0.04], [1.0] * 5, [0.0] * 4,
             [0.03, 0.001, 0.7]]
    lists += [list(rng.uniform(0, 1, size) ** 3) for size in (2, 3, 5, 8, 13, 20, 48)]
    lists += [list(np.round(rng.uniform(0, 0.1, size), 2)) for size in (4, 9, 16)]
    rows = []
    for number, values in enumerate(lists):
        adjusted = multipletests(values, method="holm")[1] if values else []
        rows += [[number, float(p), float(a)] for p, a in zip(values, adjusted)]
    write("holm", ["family", "p", "adjusted"], rows)


def repeats():
    rows = []
    for n, k in itertools.product((1, 2, 5, 10, 60, 500), (1, 2, 3, 5, 20)):
        for harmed in sorted({0, 1, n // 3, n - 1, n}):
            if harmed > n:
                continue
            good = n - harmed
            passed = math.comb(good, k) / math.comb(n, k) if k <= n else ""
            risk = float(1 - passed) if k <= n else ""
            ci = stats.binomtest(harmed, n).proportion_ci(0.95, "exact")
            low, high = (-math.expm1(k * math.log1p(-p)) if p < 1 else 1.0 for p in (ci.low, ci.high))
            rows.append([harmed, n, k, float(passed) if k <= n else "", risk, float(low), float(high)])
    write("repeats", ["harmed", "n", "k", "pass_hat_k", "any_of_k", "low", "high"], rows)


def signed_rank_all_signs(values):
    values = [v for v in values if v]
    if not values:
        return 1.0
    ranks = stats.rankdata(np.abs(values))
    found = sum(r for r, v in zip(ranks, values) if v > 0)
    smaller = min(found, sum(ranks) - found)
    signs = np.array(list(itertools.product((0, 1), repeat=len(ranks))))
    sums = signs @ ranks
    return min(1.0, 2 * float(np.mean(sums <= smaller + 1e-9)))


def signed_ranks():
    rng = np.random.default_rng(11)
    lists = [[0], [0, 0, 0], [1], [-1], [1, 1], [1, -1], [5, 5, 5, 5, 5, 5], [0, 0, 3], [1, 2, 3, 4, 5], [-1, -2, -3],
             [46800] * 11, [46800] * 10 + [0], [1, -1, 1, -1, 2], [7, 7, -7, 3, 0, 0, -3, 3]]
    for size in (3, 5, 8, 10, 12, 14):
        for spread in (2, 6, 1000):
            lists.append([int(v) for v in rng.integers(-spread, spread + 1, size)])
            lists.append([int(v) for v in rng.integers(-spread // 3, spread + 1, size)])
    rows = [[" ".join(map(str, v)), "all signs", signed_rank_all_signs(v)] for v in lists]
    for size in (6, 15, 25, 40, 49):
        # Without ties and zeros SciPy has the exact distribution.
        values = [int(v) * (1 if rng.uniform() < 0.7 else -1) for v in rng.permutation(np.arange(1, 200))[:size]]
        rows.append([" ".join(map(str, values)), "scipy exact", float(stats.wilcoxon(values, method="exact").pvalue)])
    for size, spread in ((201, 400), (230, 20), (300, 5), (500, 3), (640, 100_000), (1000, 9)):
        values = [int(v) for v in rng.integers(-spread, spread + 2, size * 2) if v][:size]
        p = stats.wilcoxon(values, method="asymptotic", correction=False).pvalue
        rows.append([" ".join(map(str, values)), "scipy asymptotic", float(p)])
    write("signed_rank", ["differences", "by", "p"], rows)


class Chance:
    """The product's random streams, from the definitions of SHA-256 and of ChaCha with 8 rounds."""

    def __init__(self, seed, name):
        text = b"chesterton/chance/1\0" + struct.pack("<Q", seed) + name.encode()
        self.key, self.counter, self.words = struct.unpack("<8L", hashlib.sha256(text).digest()), 0, []

    def block(self):
        constants = struct.unpack("<4L", b"expand 32-byte k")
        start = [*constants, *self.key, self.counter & 0xFFFFFFFF, self.counter >> 32, 0, 0]
        state = list(start)

        def quarter(a, b, c, d):
            for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                state[x] = (state[x] + state[y]) & 0xFFFFFFFF
                v = state[z] ^ state[x]
                state[z] = ((v << turn) | (v >> (32 - turn))) & 0xFFFFFFFF

        for _ in range(4):
            for lane in range(4):
                quarter(lane, 4 + lane, 8 + lane, 12 + lane)
            for lane in range(4):
                quarter(lane, 4 + (lane + 1) % 4, 8 + (lane + 2) % 4, 12 + (lane + 3) % 4)
        self.counter += 1
        self.words += [(a + b) & 0xFFFFFFFF for a, b in zip(state, start)]

    def between(self, low, high):
        while len(self.words) < 2:
            self.block()
        first, second, *self.words = self.words
        return low + (((second << 32 | first) * (high - low + 1)) >> 64)


def bootstraps():
    rng = np.random.default_rng(3)
    suites = [[(0, 5), (5, 5)], [(1, 5)] * 3, [(0, 10), (0, 20), (0, 30)], [(0, 1), (1, 1), (0, 1), (1, 1)]]
    for size in (2, 3, 5, 8, 12):
        for spread in (5, 40):
            n = rng.integers(1, spread + 1, size)
            suites.append([(int(rng.integers(0, m + 1)), int(m)) for m in n])
    rows = []
    for number, suite in enumerate(suites):
        seed = number % 3 + 1
        stream = Chance(seed, "bootstrap")
        rates = []
        for _ in range(10_000):
            drawn = [suite[stream.between(0, len(suite) - 1)] for _ in suite]
            rates.append(sum(k for k, _ in drawn) / sum(n for _, n in drawn))
        for c in (0.8, 0.9, 0.95, 0.99, 0.999):
            low, high = np.quantile(rates, [(1 - c) / 2, 1 - (1 - c) / 2])
            rows.append([" ".join(f"{k}/{n}" for k, n in suite), seed, c, float(low), float(high)])
    write("bootstrap", ["suite", "seed", "confidence", "low", "high"], rows)


def powers():
    rows = []
    for n in (1, 5, 6, 10, 20, 35, 60, 73, 100):
        for worse, better in ((0.0, 0.0), (1.0, 0.0), (0.1, 0.0), (0.3, 0.05), (0.05, 0.05), (0.5, 0.5), (0.02, 0.1)):
            alpha, margin, confidence = 0.05 if n % 2 else 0.004, 0.1, 0.95
            z = stats.norm.ppf((1 + confidence) / 2)
            detect = rule_out = 0.0
            for b in range(n + 1):
                for c in range(n + 1 - b):
                    chance = math.exp(stats.multinomial.logpmf([b, c, n - b - c], n, [worse, better, 1 - worse - better]))
                    if chance == 0:
                        continue
                    if b > c and stats.binomtest(b, b + c, 0.5).pvalue <= alpha:
                        detect += chance
                    if b < n and paired_score(n, b, c, margin) <= -z:
                        rule_out += chance
            rows.append([n, worse, better, alpha, margin, confidence, float(detect), float(rule_out)])
    write("power", ["n", "worse", "better", "alpha", "margin", "confidence", "detect", "rule_out"], rows)


def bounds():
    rows = []
    for rate in (0.5, 0.3, 0.1, 0.05, 0.03, 0.02, 0.01, 0.001):
        for c in (0.5, 0.8, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999):
            n = 1
            while stats.binomtest(0, n, alternative="less").proportion_ci(c, "exact").high > rate + 1e-12:
                n += 1 if n < 200 else max(1, n // 400)
            while n > 1 and stats.binomtest(0, n - 1, alternative="less").proportion_ci(c, "exact").high <= rate + 1e-12:
                n -= 1
            rows.append([rate, c, n])
    write("bounds", ["rate", "confidence", "n"], rows)


def layouts():
    """Combinations by the places of their levels, and for each its repetitions: 1 harmed, 0 not, . missing."""
    rng = np.random.default_rng(29)
    grid = lambda *counts: list(itertools.product(*map(range, counts)))
    one_each = lambda *counts: [tuple(l if g == f else 0 for g in range(len(counts)))
                                for f, l in [(0, 0)] + [(f, l) for f in range(len(counts)) for l in range(1, counts[f])]]
    # A half fraction of six and a quarter of six, by generators; a mixed array of no strength; scattered points.
    half = [r + (sum(r) % 2,) for r in grid(2, 2, 2, 2, 2)]
    quarter = [r + ((r[0] + r[1] + r[2]) % 2, (r[1] + r[2] + r[3]) % 2) for r in grid(2, 2, 2, 2)]
    scattered = sorted({(0, 0, 0, 0)} | {tuple(int(rng.integers(0, c)) for c in (3, 2, 4, 2)) for _ in range(17)})
    both = lambda a, b: lambda r: 0.95 if r[a] == 1 and r[b] == 1 else 0.04
    always = lambda a, b: lambda r: 1.0 if r[a] == 1 and r[b] == 1 else 0.0
    cases = [(grid(2, 2), 8, always(0, 1)), (grid(2, 2), 12, both(0, 1)), (grid(2, 3), 5, both(0, 1)),
             (grid(2, 2, 2), 4, lambda r: 0.9 if sum(r) == 3 else 0.0), (grid(3, 2, 2), 3, lambda r: 0.2 + 0.5 * (r[0] == 2)),
             (grid(2, 2, 2), 2, lambda r: 0.0), (grid(2, 2), 3, lambda r: 1.0), (one_each(2, 3, 2), 9, lambda r: 0.8 * (r[1] == 2)),
             (half, 2, always(1, 4)), (half, 3, both(0, 5)), (quarter, 4, always(0, 3)), (scattered, 5, always(1, 3)),
             (scattered, 3, lambda r: 0.5)]
    for number, (rows, repeats, chance) in enumerate(cases):
        told = []
        for row in rows:
            draws = [str(int(rng.uniform() < chance(row))) for _ in range(repeats)]
            if number % 3 == 1:
                draws = ["." if rng.uniform() < 0.06 else d for d in draws]
            told.append("".join(draws))
        yield rows, told


def effect(rows, told, term, confidence):
    """How it was come by, the change, its interval and its p, before it is adjusted."""
    arms = [[(f, l)] for f, l in term] + [[(term[0][0], 0)]]
    if len(term) == 2:
        (f, a), (g, b) = term
        arms = [[(f, a), (g, b)], [(f, 0), (g, b)], [(f, a), (g, 0)], [(f, 0), (g, 0)]]
    held = [[n for n, row in enumerate(rows) if all(row[f] == l for f, l in arm)] for arm in arms]
    if not all(held):
        return None

    def beside(n, arm):
        changed = list(rows[n])
        for f, l in arm:
            changed[f] = l
        return rows.index(tuple(changed)) if tuple(changed) in rows else None

    quads = [[beside(n, arm) for arm in arms] for n in held[0]]
    others = [f for f in range(len(rows[0])) if f not in dict(term)]
    shares = [sorted((f, g, *key, m / len(arm)) for f in others for g in others
                     for key, m in Counter((rows[n][f], rows[n][g]) for n in arm).items()) for arm in held]
    clear = all(len(s) == len(shares[0]) and np.allclose(np.array(s), np.array(shares[0])) for s in shares if others)
    matched = all(None not in quad for quad in quads)

    def difference(one, other, level):
        """The difference of two arms, its interval at this level, and its p."""
        if matched:
            pairs = [(x, y) for quad in quads for x, y in zip(told[quad[one]], told[quad[other]]) if "." not in (x, y)]
            b, c = pairs.count(("1", "0")), pairs.count(("0", "1"))
            n = len(pairs)
            return (b - c) / n, tango(n, b, c, level), float(mcnemar([[n - b - c, b], [c, 0]], exact=True).pvalue)
        if clear:
            of = lambda arm: [d for n in held[arm] for d in told[n] if d != "."]
            (k1, n1), (k2, n2) = [(of(arm).count("1"), len(of(arm))) for arm in (one, other)]
            p = float(stats.fisher_exact([[k1, n1 - k1], [k2, n2 - k2]]).pvalue)
        else:
            of = lambda arm: [told[n].count("1") / len(told[n].replace(".", "")) for n in held[arm] if told[n].strip(".")]
            (k1, n1), (k2, n2) = [(sum(of(arm)), len(of(arm))) for arm in (one, other)]
            p = None
        return k1 / n1 - k2 / n2, confint_proportions_2indep(k1, n1, k2, n2, "newcomb", "diff", 1 - level), p

    def at(level):
        first, interval, _ = difference(0, 1, level)
        if len(term) == 1:
            return first, interval
        second, without, _ = difference(2, 3, level)
        change = first - second
        low = change - math.sqrt((first - interval[0]) ** 2 + (without[1] - second) ** 2)
        high = change + math.sqrt((interval[1] - first) ** 2 + (second - without[0]) ** 2)
        return change, (max(low, -2.0), min(high, 2.0))

    change, interval = at(confidence)
    p = difference(0, 1, confidence)[2] if len(term) == 1 else None
    if p is None:
        def edge(log_p):
            low, high = at(-math.expm1(log_p))[1]
            return low if change > 0 else -high

        p = 1.0 if change == 0 else math.exp(optimize.brentq(edge, -34.5, -1e-12, xtol=1e-13)) if edge(-34.5) < 0 else 0.0
    how = "pairs" if matched else "arms" if clear else "combinations"
    return how, float(change), float(interval[0]), float(interval[1]), p


def checked_with_least_squares(rows, told, term, change):
    """In a whole factorial, a change is a coefficient of least squares, the other factors coded to sum to nothing."""
    frame = pd.DataFrame([(*row, int(d)) for row, draws in zip(rows, told) for d in draws])
    frame.columns = [f"f{n}" for n in range(len(rows[0]))] + ["harmed"]
    parts = [f"C(f{f}, {'Treatment(0)' if f in dict(term) else 'Sum'})" for f in range(len(rows[0]))]
    fit = smf.ols("harmed ~ " + " * ".join(parts), frame).fit()
    name = ":".join(f"C(f{f}, Treatment(0))[T.{l}]" for f, l in term)
    if len(term) == 2:
        assert abs(fit.params[name] - change) < 1e-9, (term, change, fit.params[name])
    else:
        parts[term[0][0]] = f"C(f{term[0][0]}, Treatment(0))"
        assert abs(fit.params[name] - change) < 1e-9, (term, change, fit.params[name])


def effects():
    table = []
    for number, (rows, told) in enumerate(layouts()):
        levels = [(f, l) for f in range(len(rows[0])) for l in range(1, max(r[f] for r in rows) + 1)]
        terms = [[one] for one in levels] + [list(two) for two in itertools.combinations(levels, 2) if two[0][0] != two[1][0]]
        found = [(term, effect(rows, told, term, 0.95)) for term in terms]
        found = [(term, values) for term, values in found if values]
        whole = math.prod(max(r[f] for r in rows) + 1 for f in range(len(rows[0]))) == len(rows)
        for term, values in found:
            if whole and not any("." in draws for draws in told):
                checked_with_least_squares(rows, told, term, values[1])
        adjusted = multipletests([values[-1] for _, values in found], method="holm")[1]
        for (term, (how, change, low, high, _)), p in zip(found, adjusted):
            named = " ".join(f"{f}:{l}" for f, l in term)
            table.append([number, " ".join("".join(map(str, row)) for row in rows), " ".join(told), named, how, change, low, high, float(p)])
    write("effects", ["case", "combinations", "harmed", "term", "compared", "change", "low", "high", "p"], table)


if __name__ == "__main__":
    for make in (intervals, differences, pairs, mcnemars, families, repeats, signed_ranks, bootstraps, powers, bounds, effects):
        make()
