"""Expected values of test/statistics, from the libraries that people would check them with
(pip install numpy scipy statsmodels krippendorff ppi-python).

    python test/golden/statistics/statistics.py

writes statistics.json beside this file: distributions, bootstrap intervals, tests, corrections, power, agreement and
prediction-powered intervals.
"""

import json
import math
import pathlib

import krippendorff
import numpy as np
import ppi_py
import scipy
import statsmodels
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower
from statsmodels.stats.proportion import proportion_confint

random = np.random.default_rng(12)

SAMPLES = {
    "marks": random.choice([50, 70, 80, 90, 100], 110),
    "zerosAndHundreds": random.choice([0, 100], 110, p=[0.3, 0.7]),
    "skewed": np.round(100 * random.random(60) ** 3, 3),
    "losses": np.round(random.exponential(1, 40), 4),
}


def ends(interval):
    return [float(interval.low), float(interval.high)]


def mean_case(name, values):
    plain = stats.bootstrap((values,), np.mean, n_resamples=100_000, method="BCa", random_state=1)
    n = len(values)
    error = values.std(ddof=1) / math.sqrt(n)
    return {
        "name": name,
        "values": values.tolist(),
        "bca": ends(plain.confidence_interval),
        "student": list(map(float, stats.t.interval(0.95, n - 1, values.mean(), error))),
    }


def flip_case(values):
    # SciPy's "samples" permutation of one sample flips signs.
    n = np.count_nonzero(values)
    test = stats.permutation_test((values,), np.mean, permutation_type="samples", n_resamples=10**6 if n > 14 else np.inf)
    return {"values": values.tolist(), "p": float(test.pvalue), "exact": bool(n <= 14)}


def agreement_case(ratings):
    complete = not np.isnan(ratings).any()
    case = {
        "ratings": [[None if math.isnan(value) else value for value in judge] for judge in ratings.tolist()],
        "alphaInterval": krippendorff.alpha(reliability_data=ratings, level_of_measurement="interval"),
        "alphaOrdinal": krippendorff.alpha(reliability_data=ratings, level_of_measurement="ordinal"),
    }
    if complete and len(ratings) == 2:
        case["pearson"] = stats.pearsonr(*ratings).statistic
        case["spearman"] = stats.spearmanr(*ratings).statistic
        case["kendall"] = stats.kendalltau(*ratings).statistic
        case["exact"] = float((ratings[0] == ratings[1]).mean())
    return case


def ratings(judges, items, missing):
    quality = random.integers(0, 11, items)
    given = np.clip(quality + random.integers(-2, 3, (judges, items)), 0, 10) * 10.0
    given[random.random(given.shape) < missing] = np.nan
    return given


def ppi_case(noise):
    human = random.integers(0, 11, 85 + 25) * 10.0
    judge = np.round(human + 7 + noise * random.standard_normal(len(human)), 2)
    labels = (human[:25], judge[:25], judge[25:])
    return {
        "human": labels[0].tolist(),
        "judge": labels[1].round(2).tolist(),
        "unlabelled": labels[2].round(2).tolist(),
        "tuned": [float(end[0]) for end in ppi_py.ppi_mean_ci(*labels, alpha=0.05)],
        "given": [[lam, [float(end[0]) for end in ppi_py.ppi_mean_ci(*labels, alpha=0.05, lam=lam)]] for lam in [0, 0.5, 1]],
    }


def power_case(n, deviation):
    effect = TTestPower().solve_power(nobs=n, alpha=0.05, power=0.8, alternative="two-sided")
    return {"items": n, "deviation": deviation, "difference": float(effect * deviation)}


PS = [[0.01, 0.04, 0.03, 0.005], [0.5, 0.5, 0.9], [0.0001, 0.02], [0.05], [0.012, 0.012, 0.012, 0.8, 0.04]]
Z = [-37, -12, -8.1, -4, -3.0001, -2.9999, -1.96, -0.3, 0, 1e-9, 0.7, 2.5, 3.2, 6]
FREEDOM = [1, 2, 3, 4.5, 9, 19, 109, 1000.25]
T = [-50, -4, -1.3, -0.01, 0, 0.5, 2, 7]
PROBABILITIES = [1e-12, 0.0001, 0.025, 0.2, 0.5, 0.8, 0.975, 0.999]

golden = {
    "versions": {"scipy": scipy.__version__, "statsmodels": statsmodels.__version__},
    "normal": [[z, float(stats.norm.cdf(z))] for z in Z],
    "normalQuantile": [[p, float(stats.norm.ppf(p))] for p in PROBABILITIES],
    "student": [[t, freedom, float(stats.t.cdf(t, freedom))] for freedom in FREEDOM for t in T],
    "studentQuantile": [[p, freedom, float(stats.t.ppf(p, freedom))] for freedom in FREEDOM for p in PROBABILITIES[1:]],
    "means": [mean_case(name, np.asarray(values)) for name, values in SAMPLES.items()],
    "clopperPearson": [
        [hits, n, list(map(float, proportion_confint(hits, n, method="beta")))]
        for hits, n in [(0, 5), (3, 8), (11, 12), (19, 19), (0, 74), (10, 15)]
    ],
    "wilson": [[hits, n, list(map(float, proportion_confint(hits, n, method="wilson")))] for hits, n in [(0, 9), (7, 30), (50, 50)]],
    "signFlip": [
        flip_case(np.array(values))
        for values in ([1, 2, 3, 4, 5], [5, -1, 0, 2, 2, 0, 7, -3], [1, 1, 1, -1, 0, 0], random.integers(-20, 31, 12), random.integers(-20, 26, 60))
    ],
    "holm": [[ps, list(map(float, multipletests(ps, method="holm")[1]))] for ps in PS],
    "power": [power_case(n, deviation) for n, deviation in [(10, 1), (20, 30), (110, 25), (1000, 0.4)]],
    "agreement": [agreement_case(ratings(*shape)) for shape in [(2, 30, 0), (2, 40, 0.2), (3, 25, 0), (4, 30, 0.3)]],
    "predictionPowered": [ppi_case(noise) for noise in [0, 5, 30, 300]],
}
lines = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items())
pathlib.Path(__file__).with_name("statistics.json").write_text("{\n" + lines + "\n}\n")
