// The task and the network of the course: two numbers, bit by bit, lowest first, and their sum.

import { OPTIMISERS } from "./loop.js";

export const N_BITS = 8,
  HIGH = 127; // sums of 8 bits, addends from 0 to 126

export const bits = (number, n_bits = N_BITS) => Array.from({ length: n_bits }, (_, t) => (number >> t) & 1);

/** carry^(t), which step t hands to the next, for t = 1 … n_bits. */
export function carries(first, second, n_bits = N_BITS) {
  let carry = 0;
  return bits(first, n_bits).map((bit, t) => (carry = bit + ((second >> t) & 1) + carry >= 2 ? 1 : 0));
}

/** model.init_params: U, W, V uniform in (-1, 1), drawn in this order; b = c = 0. The loop wants Uᵀ and Wᵀ. */
export function initParams(n_h, rng) {
  const U = rng.uniform(-1, 1, 2 * n_h),
    W = rng.uniform(-1, 1, n_h * n_h),
    V = rng.uniform(-1, 1, n_h);
  return { U_T: transposed(U, 2), W_T: transposed(W, n_h), V, b: new Float64Array(n_h), c: new Float64Array(1) };
}

export function transposed(matrix, n_columns) {
  const n_rows = matrix.length / n_columns;
  return matrix.map((_, i) => matrix[(i % n_rows) * n_columns + Math.floor(i / n_rows)]);
}

/** x (8, n, 2) and y (8, n, 1) of n fresh sums, as data.sample_sums draws them. */
export function sampleSums(n, rng) {
  const first = new Int32Array(n),
    second = new Int32Array(n);
  for (let k = 0; k < n; k++) {
    first[k] = rng.below(HIGH);
    second[k] = rng.below(HIGH);
  }
  return encodeSums(first, second);
}

export function encodeSums(first, second) {
  const n = first.length,
    x = new Float64Array(2 * N_BITS * n),
    y = new Float64Array(N_BITS * n);
  for (let t = 0; t < N_BITS; t++) {
    for (let k = 0; k < n; k++) {
      x[2 * (t * n + k)] = (first[k] >> t) & 1;
      x[2 * (t * n + k) + 1] = (second[k] >> t) & 1;
      y[t * n + k] = ((first[k] + second[k]) >> t) & 1;
    }
  }
  return { x, y };
}

/**
 * training.train with a batch of one, in pieces of about `seconds`: yields after each, so that the page stays alive.
 * What it yields is one object, which grows: params, right (the right bits of each step), loss, and done.
 * Raises an error, naming the step, when the loss is no longer finite; `done` is then the steps before it.
 */
export function* train(loop, { n_h, learning_rate, seed, n_steps, optimiser = "SGD" }, rng, seconds = 0.012) {
  const params = initParams(n_h, rng),
    how = OPTIMISERS[optimiser],
    memory = how.start(params);
  const run = { params, right: new Uint8Array(n_steps), loss: new Float64Array(n_steps), done: 0 };
  for (let n = 100; run.done < n_steps;) {
    const began = performance.now();
    n = Math.min(n, n_steps - run.done);
    const { x, y } = sampleSums(n, rng);
    record(run, loop.sgd(params, x, y, N_BITS, learning_rate, how, memory), y, n, learning_rate);
    yield run;
    const took = Math.max(performance.now() - began, 0.1) / 1000;
    n = Math.max(1, Math.min(Math.floor((n * seconds) / took), 2 * n));
  }
}

function record(run, o, y, n, learning_rate) {
  for (let k = 0; k < n; k++, run.done++) {
    let right = 0,
      loss = 0;
    for (let t = 0; t < N_BITS; t++) {
      const o_t = o[t * n + k],
        wanted = y[t * n + k];
      right += o_t > 0 === wanted > 0.5;
      loss += Math.max(wanted ? -o_t : o_t, 0) + Math.log1p(Math.exp(-Math.abs(o_t)));
    }
    if (!Number.isFinite(loss)) {
      const where = `at step ${run.done + 1} with learning rate ${learning_rate}`;
      throw new RangeError(`the loss is not finite ${where}: use a smaller learning rate`);
    }
    run.right[run.done] = right;
    run.loss[run.done] = loss;
  }
}

/**
 * How many bits of each sum the network gets wrong: entry [127 i + j] is for i + j.
 * After t steps the state depends on nothing but the lowest t bits of both numbers. So step t is computed once for each
 * of the 4^t pairs of them, and every longer pair goes on from there; bit 8 of an addend is always 0.
 */
export function allSums(loop, params) {
  const n_h = params.b.length;
  let states = new Float64Array(n_h),
    wrong = new Uint8Array(1);
  for (let t = 1; t <= N_BITS; t++) {
    const before = 1 << (t - 1),
      width = 1 << Math.min(t, N_BITS - 1); // so many numbers have t - 1 bits, and t
    const rows = Math.max(1, 1024 / width) | 0; // first addends at a time
    const h = new Float64Array(width * width * n_h),
      wrong_now = new Uint8Array(width * width);
    for (let start = 0; start < width; start += rows) {
      const n = Math.min(rows, width - start),
        x = new Float64Array(2 * n * width),
        h_0 = new Float64Array(n * width * n_h);
      for (let i = start, k = 0; i < start + n; i++) {
        const from = (i % before) * before; // the states of i's lower bits, for all lower bits of j
        for (let j = 0; j < width; j += before) {
          h_0.set(states.subarray(from * n_h, (from + before) * n_h), ((i - start) * width + j) * n_h);
          wrong_now.set(wrong.subarray(from, from + before), i * width + j);
        }
        for (let j = 0; j < width; j++) {
          x[k++] = (i >> (t - 1)) & 1;
          x[k++] = (j >> (t - 1)) & 1;
        }
      }
      const out = loop.forward(params, x, 1, h_0);
      h.set(out.h, start * width * n_h);
      for (let k = 0, at = start * width; k < n * width; k++, at++) {
        const sum = Math.floor(at / width) + (at % width);
        wrong_now[at] += out.o[k] > 0 !== ((sum >> (t - 1)) & 1) > 0;
      }
    }
    [states, wrong] = [h, wrong_now];
  }
  return Uint8Array.from({ length: HIGH * HIGH }, (_, k) => wrong[Math.floor(k / HIGH) * 128 + (k % HIGH)]);
}
