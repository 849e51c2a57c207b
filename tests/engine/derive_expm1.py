"""Where the constants of `bptt_lab/elementary.py` come from: prints them. Needs mpmath."""

import warnings

from mpmath import chebyfit, floor, hyp1f1, hyp2f1, log, mp, mpf

mp.prec = 200
ln2 = log(2)
half = ln2 / 2 * mpf("1.0001")  # |r| after the range reduction, and a little more for its rounding


def fitted(f, interval: list, n: int) -> tuple[float, ...]:
    """The polynomial of n coefficients nearest to f, in doubles, lowest power first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # versions differ in which power comes first
        coefficients = chebyfit(f, interval, n)
    lowest_last = abs(coefficients[-1] - f(mpf(0))) < abs(coefficients[0] - f(mpf(0)))
    return tuple(float(c) for c in (reversed(coefficients) if lowest_last else coefficients))


CONSTANTS = {
    # ln 2 in two parts: the first has 32 bits after the point, so that its products with n, of 11 bits, are exact
    "LN2_HIGH": float(floor(ln2 * 2**32) / 2**32),
    "LN2_LOW": float(ln2 - floor(ln2 * 2**32) / 2**32),
    "ONE_OVER_LN2": float(1 / ln2),
    # (e^r - 1 - r) / r², which is 1F1(1; 3; r) / 2
    "EXPM1": fitted(lambda r: hyp1f1(1, 3, r) / 2, [-half, half], 11),
    # (atanh(√z) / √z - 1) / z, which is 2F1(3/2, 1; 5/2; z) / 3, for log(1 + u) = 2 atanh(u / (2 + u)) with u in [0, 1]
    "ATANH": fitted(lambda z: hyp2f1(mpf(3) / 2, 1, mpf(5) / 2, z) / 3, [0, mpf(1) / 9], 10),
}

if __name__ == "__main__":
    for name, value in CONSTANTS.items():
        print(name, "=", value)
