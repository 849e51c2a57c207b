// Products of Jacobians, and their norms: what through_time/reach.py computes, for one sequence at a time.

/**
 * ‖∂h^(T)/∂h^(T-k)‖ for k = 0 … T-1: the norms of H^(T) W · H^(T-1) W ⋯, the largest singular values.
 * h is a list of T states (n_h), W is (n_h, n_h) row by row.
 */
export function productNorms(W, h) {
  const n = h[0].length,
    norms = [1];
  let product = identity(n),
    next = new Float64Array(n * n);
  for (let t = h.length - 1; t > 0; t--) {
    const slopes = h[t].map((h_j) => 1 - h_j * h_j);
    next.fill(0);
    for (let i = 0; i < n; i++) {
      const row = next.subarray(i * n, (i + 1) * n);
      for (let m = 0; m < n; m++) {
        const factor = product[i * n + m] * slopes[m];
        for (let j = 0, at = m * n; j < n; j++, at++) row[j] += factor * W[at];
      }
    }
    [product, next] = [next, product];
    norms.push(matrixNorm(product, n));
  }
  return norms;
}

const identity = (n) => Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) ? 0 : 1));
const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

/**
 * The largest singular value of an n × n matrix M, by the method of Lanczos (1950) on MᵀM: in the space of v, MᵀM v,
 * (MᵀM)² v, … the largest eigenvalue is found after a few steps, and exactly after n. New directions are made
 * perpendicular to all old ones, twice, since rounding would let old ones in again.
 */
export function matrixNorm(M, n) {
  const rows = Array.from({ length: n }, (_, i) => M.subarray(i * n, (i + 1) * n));
  const sizes = rows.map((row) => dot(row, row));
  const largest = Math.max(...sizes);
  if (!(largest > 0) || largest === Infinity) return Math.sqrt(largest);
  let v = rows[sizes.indexOf(largest)].map((value) => value / Math.sqrt(largest)); // the longest row: not far off
  const old = [],
    diagonal = [],
    beside = [];
  for (let k = 0; k < n; k++) {
    old.push(v);
    const w = new Float64Array(n);
    for (const row of rows) {
      const along = dot(row, v);
      for (let j = 0; j < n; j++) w[j] += along * row[j];
    }
    diagonal.push(dot(w, v));
    for (let twice = 0; twice < 2; twice++) {
      for (const u of old) {
        const share = dot(w, u);
        for (let j = 0; j < n; j++) w[j] -= share * u[j];
      }
    }
    const length = Math.sqrt(dot(w, w));
    if (length < 1e-10 * diagonal[0]) break; // the eigenvalue is off by its square
    beside.push(length);
    v = w.map((value) => value / length);
  }
  return Math.sqrt(largestEigenvalue(diagonal, beside));
}

/**
 * Of a symmetric matrix with this diagonal and these numbers on both sides of it: Newton's method on its characteristic
 * polynomial, which comes down to the largest root from above, and never passes it. The polynomial is a product of
 * factors d_k = z - a_k - b²_(k-1) / d_(k-1), so p′/p is the sum of d_k′ / d_k.
 */
function largestEigenvalue(diagonal, beside) {
  const reach = diagonal.map((a, k) => a + (beside[k - 1] ?? 0) + (k < diagonal.length - 1 ? beside[k] : 0));
  let z = Math.max(...reach); // Gershgorin: no eigenvalue is larger
  for (let turn = 0; turn < 500; turn++) {
    let d = Infinity,
      slope = 0,
      sum = 0;
    diagonal.forEach((a, k) => {
      const b_d = k ? beside[k - 1] / d : 0;
      slope = 1 + b_d * b_d * slope;
      d = z - a - b_d * (beside[k - 1] ?? 0);
      sum += slope / d;
    });
    const step = 1 / sum;
    if (!(step > 1e-16 * z)) break;
    z -= step;
  }
  return z;
}
