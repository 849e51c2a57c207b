// The network that writes: a GRU over characters, as bptt_lab/gated/gru.py and bptt_lab/text/writer.py have it.

import { sigmoid } from "./network.js";

/** The stored weights: U (3 n_h, n), W (3 n_h, n_h), V (n, n_h), b (3 n_h), c (n), row by row, in the order r, z, g. */
export async function load() {
  const get = async (name) => {
    const answer = await fetch(new URL(name, import.meta.url));
    if (!answer.ok) throw new Error(`${name} cannot be had: ${answer.status}`);
    return answer;
  };
  const [about, weights] = await Promise.all([get("writer.json"), get("writer.bin")]);
  const { symbols, n_h } = await about.json(),
    n = symbols.length,
    numbers = new Float32Array(await weights.arrayBuffer());
  let at = 0;
  const take = (size) => numbers.subarray(at, (at += size));
  return {
    symbols,
    n_h,
    n,
    U: take(3 * n_h * n),
    W: take(3 * n_h * n_h),
    V: take(n * n_h),
    b: take(3 * n_h),
    c: take(n),
  };
}

/** The state (n_h) after one more character. */
export function read({ U, W, b, n_h, n }, h, code) {
  const product = (i, state) => {
    let sum = 0;
    for (let j = 0, at = i * n_h; j < n_h; j++, at++) sum += W[at] * state[j];
    return U[i * n + code] + b[i] + sum;
  };
  const reset = h.map((h_i, i) => sigmoid(product(i, h)) * h_i);
  return h.map((h_i, i) => {
    const z = sigmoid(product(n_h + i, h)),
      g = Math.tanh(product(2 * n_h + i, reset));
    return z * h_i + (1 - z) * g;
  });
}

/** The probabilities of what comes next: softmax(o / temperature), o = c + V h. */
export function nextCharacter({ V, c, n_h }, h, temperature) {
  const o = Float64Array.from(c, (c_i, i) => h.reduce((sum, h_j, j) => sum + V[i * n_h + j] * h_j, 0) + c_i);
  const top = Math.max(...o),
    e = o.map((o_i) => Math.exp((o_i - top) / temperature)),
    sum = e.reduce((a, b) => a + b);
  return e.map((e_i) => e_i / sum);
}

/** The place of the first sum p_0 + … + p_i that is not below u: one character drawn, as writer.write draws it. */
export function draw(p, u) {
  let sum = 0;
  const place = p.findIndex((p_i) => (sum += p_i) >= u);
  return place < 0 ? p.length - 1 : place;
}
