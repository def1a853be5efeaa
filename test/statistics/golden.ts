import golden from '../golden/statistics/statistics.json' with { type: 'json' };

/** What SciPy, statsmodels, krippendorff and ppi-python give; test/golden/statistics/statistics.py made it. */
export const GOLDEN = golden;
