"""tanh, sigmoid, exp and log1p, made of + - × ÷ alone: no CPU or C library rounds them differently.

They are compiled where Numba is installed.
"""

import math

import numpy as np

from bptt_lab.machine import compiled

# From tests/derive_expm1.py, which says what they are.
LN2_HIGH, LN2_LOW, ONE_OVER_LN2 = 0.6931471803691238, 1.9082149292705877e-10, 1.4426950408889634
# fmt: off
EXPM1 = (0.5, 0.1666666666666667, 0.04166666666666667, 0.008333333333326136, 0.0013888888888883748,
         0.00019841269874820627, 2.4801587325547743e-05, 2.7557255400206422e-06, 2.75572736431103e-07,
         2.5105217004720745e-08, 2.0914686968086876e-09)
ATANH = (0.3333333333333333, 0.20000000000007292, 0.1428571428355438, 0.11111111358713932, 0.09090894718066429,
         0.07692785032479312, 0.06657072104827468, 0.06000536404795356, 0.04400369243072337, 0.08082022805971766)
# fmt: on
TO_INTEGER = 1.5 * 2.0**52  # adding it rounds to an integer, which then stands in the lowest bits of the sum
# The bits of 2^64, so far from the smallest double that 2^(64 + n) is a normal one
EXPONENT_OF_2_64 = (1023 + 64) << 52


@compiled
def _power_and_rest(x):
    """e^x = s + q with s a power of 2 and |q| < s/2, for x from -746 to 0. Exact sums of the two cancel nothing."""
    shifted = x * ONE_OVER_LN2 + TO_INTEGER
    n = shifted - TO_INTEGER  # x = n ln 2 + r with |r| <= ln(2)/2
    bits = (np.float64(shifted).view(np.int64) << 52) + EXPONENT_OF_2_64  # n in the exponent's place
    s = np.int64(bits).view(np.float64) * 2.0**-64  # 2^n
    high, low = x - n * LN2_HIGH, n * LN2_LOW
    r = high - low
    r_low = (high - r) - low  # what rounding took from r
    C, z = EXPM1, r * r
    even = C[0] + z * (C[2] + z * (C[4] + z * (C[6] + z * (C[8] + z * C[10]))))
    odd = C[1] + z * (C[3] + z * (C[5] + z * (C[7] + z * C[9])))
    return s, s * (r + (r_low + z * (even + r * odd)))  # q = 2^n (e^r - 1)


@compiled
def _ratio(a, a_low, s, q):
    """(a + a_low) / (1 + s + q), corrected for the rounding of the divisor."""
    d = (1 + s) + q
    d_low = ((1 + s) - d) + q
    ratio = a / d
    return ratio + (a_low - ratio * d_low) / d


@compiled
def tanh(x):
    """(1 - e^-2|x|) / (1 + e^-2|x|) with the sign of x, at most 2 ulp off. No branch, so several x go at once."""
    y = -2 * abs(x)
    s, q = _power_and_rest(-40.0 if y < -40.0 else y)  # the comparison keeps NaN
    a = (1 - s) - q
    return math.copysign(_ratio(a, ((1 - s) - a) - q, s, q), x)


@compiled
def sigmoid(o):
    """1 / (1 + e^-|o|), or e^-|o| / (1 + e^-|o|) where o is negative; at most 2 ulp off."""
    s, q = _power_and_rest(-746.0 if abs(o) > 746.0 else -abs(o))
    e = s + q
    return _ratio(e if o < 0 else 1.0, (s - e) + q if o < 0 else 0.0, s, q)


@compiled
def exp(x):
    """e^x for x <= 0, at most 1 ulp off."""
    s, q = _power_and_rest(-746.0 if x < -746.0 else x)
    return s + q


@compiled
def log1p(u):
    """log(1 + u) = 2 atanh(v), v = u / (2 + u), for u from 0 to 1; at most 2 ulp off."""
    v = u / (2 + u)
    C, z = ATANH, v * v
    high = C[5] + z * (C[6] + z * (C[7] + z * (C[8] + z * C[9])))
    series = C[0] + z * (C[1] + z * (C[2] + z * (C[3] + z * (C[4] + z * high))))  # (atanh(v) / v - 1) / z
    return u - v * (u - 2 * z * series)  # 2v = u - uv
