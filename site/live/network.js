// The plain network of the course in plain JavaScript: forward, and back by equation (7). One sequence at a time.
// A params is { U, W, V, b, c } of flat arrays, row by row: U (n_h, n_x), W (n_h, n_h), V (n_h) of a single output.

export const sigmoid = (o) => Math.exp(Math.min(o, 0)) / (1 + Math.exp(Math.min(o, -o)));

/** h[t] (n_h), o[t] and y_hat[t] for each x[t] (n_x); h^(0) = 0. */
export function forward({ U, W, V, b, c }, x) {
  const n_h = b.length,
    n_x = U.length / n_h;
  let h_prev = new Float64Array(n_h);
  const h = x.map((x_t) => {
    h_prev = h_prev.map((_, i) => {
      let a = b[i];
      for (let k = 0; k < n_x; k++) a += U[i * n_x + k] * x_t[k];
      for (let j = 0; j < n_h; j++) a += W[i * n_h + j] * h_prev[j];
      return Math.tanh(a);
    });
    return h_prev;
  });
  const o = h.map((h_t) => h_t.reduce((sum, h_j, j) => sum + V[j] * h_j, c[0]));
  return { h, o, y_hat: o.map(sigmoid) };
}

/**
 * Both roads of equation (7), for t = T down to 1: first[t] = Vᵀ ∂L/∂o^(t), second[t] = Wᵀ H^(t+1) ∂L/∂h^(t+1), and
 * their sum dL_dh[t]; (T, n_h) each. terms[t][j] (n_h) is what unit j of the next state adds to second[t].
 */
export function stateGrads({ W, V }, { h, y_hat }, y) {
  const n_h = V.length,
    T = h.length;
  const dL_do = y_hat.map((p, t) => p - y[t]);
  const first = dL_do.map((error) => V.map((v) => error * v));
  const second = first.map(() => new Float64Array(n_h)),
    terms = first.map(() => []);
  const dL_dh = first.map((row) => row.slice());
  for (let t = T - 2; t >= 0; t--) {
    for (let j = 0; j < n_h; j++) {
      const back = dL_dh[t + 1][j] * (1 - h[t + 1][j] ** 2);
      terms[t][j] = W.slice(j * n_h, (j + 1) * n_h).map((w) => back * w);
      terms[t][j].forEach((term, i) => (second[t][i] += term));
    }
    dL_dh[t].forEach((_, i) => (dL_dh[t][i] += second[t][i]));
  }
  return { dL_do, first, second, terms, dL_dh };
}
