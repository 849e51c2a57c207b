// The training loop of bptt_lab/engine, compiled ahead of time, with the same bits as Numba's and NumPy's.
// It sees nothing but a memory of its own; `call` lays the arrays out there, as bptt_lab/engine/wasm.py does.

const EXCEPTION = 512,
  ARRAYS_FROM = 1024,
  PAGE = 65536; // addresses, and the unit in which the memory grows

/** Rows of zeros that remember nothing yet; Adam's last two hold powers of its β, 1 at first. */
const memory = (zeros, ones = 0) => ({ U_T, W_T, V, b, c }) => {
  const size = U_T.length + W_T.length + V.length + b.length + c.length;
  return new Float64Array((zeros + ones) * size).fill(1, zeros * size);
};

/** As in bptt_lab/optimisers.py, with its numbers; and the file that holds its loop. */
export const OPTIMISERS = {
  SGD: { name: "SGD", numbers: [], start: memory(0), file: "loop.wasm" },
  Momentum: { name: "Momentum", numbers: [0.9], start: memory(1), file: "optimisers.wasm" },
  Adam: { name: "Adam", numbers: [0.9, 0.999, 1e-8, 1], start: memory(2, 2), file: "optimisers.wasm" },
};

export class Loop {
  /** The loops of a file; `forward` is in that of SGD alone. */
  static async load(file = OPTIMISERS.SGD.file) {
    const memory = new WebAssembly.Memory({ initial: 1 }),
      url = new URL(file, import.meta.url);
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${url} cannot be had: ${answer.status}`);
    const imports = { env: { __linear_memory: memory } };
    const { instance } = await WebAssembly.instantiate(await answer.arrayBuffer(), imports);
    return new Loop(instance.exports, memory);
  }

  constructor(functions, memory) {
    Object.assign(this, { functions, memory });
  }

  /** A step for each of the N sums x (T, N, n_x), y (T, N, n_y): changes params and the memory, returns logits like y. */
  sgd(params, x, y, T, rate, optimiser = OPTIMISERS.SGD, memory = optimiser.start(params)) {
    const N = y.length / (T * params.c.length);
    const views = this.call(params, x, y, T, N, 1, rate, null, optimiser, memory);
    ["U_T", "W_T", "V", "b", "c"].forEach((name, i) => params[name].set(views[i]));
    memory.set(views[5]);
    return views[7];
  }

  /** States h (T, B, n_h) and logits o (T, B, n_y) of B sums, from the states h_0 or from 0. Nothing is learned. */
  forward(params, x, T, h_0 = null) {
    const n_h = params.b.length,
      B = x.length / (T * (params.U_T.length / n_h));
    const views = this.call(params, x, new Float64Array(T * B * params.c.length), T, B, B, 0, h_0);
    return { h: views[17].subarray(B * n_h, (T + 1) * B * n_h), o: views[7] };
  }

  /** Views of all arrays after a loop, in the order of `layout` in bptt_lab/engine/kernels.py. They hold
   * until the next call. */
  call({ U_T, W_T, V, b, c }, x, y, T, N, B, rate, h_0 = null, optimiser = OPTIMISERS.SGD, memory = new Float64Array()) {
    const n_h = b.length,
      n_y = c.length,
      n_x = U_T.length / n_h,
      BH = B * n_h;
    const params = [U_T, W_T, V, b, c];
    const weight = new Float64Array(T).fill(1),
      rates = new Float64Array(Math.floor(N / B)).fill(rate);
    const given = [...params, memory, h_0, null, weight, rates, x, y];
    const sizes = given.map((array) => array?.length ?? 0);
    sizes[6] = 2 * BH;
    sizes[7] = y.length;
    sizes.push(...params.map((a) => a.length)); // gradients, and room to work in
    sizes.push(2 * (T + 1) * BH, T * BH, T * BH, n_h * n_h, n_h * n_y, T * B * n_y, T * BH, 3 * BH);
    const at = [ARRAYS_FROM];
    for (const size of sizes) at.push(at.at(-1) + 8 * size);
    const missing = at.pop() - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE));
    const views = sizes.map((size, i) => new Float64Array(this.memory.buffer, at[i], size));
    views.forEach((view) => view.fill(0));
    given.forEach((array, i) => array && views[i].set(array));
    const rows = memory.length / params.reduce((sum, a) => sum + a.length, 0);
    const numbers = [rows, T, N, B, n_x, n_h, n_y, 0, 0, ...optimiser.numbers];
    if (this.functions[`plain_${optimiser.name}`](0, EXCEPTION, ...at, ...numbers)) {
      throw new Error("the loop stopped: build it again");
    }
    return views;
  }
}
