// The training loop of bptt_lab/engine, compiled ahead of time: `loop.wasm`, with the same bits as Numba's and NumPy's.
// It sees nothing but a memory of its own; `call` lays the arrays out there, as bptt_lab/engine/wasm.py does.

const EXCEPTION = 512,
  ARRAYS_FROM = 1024,
  PAGE = 65536; // addresses, and the unit in which the memory grows

export class Loop {
  static async load(url = new URL("loop.wasm", import.meta.url)) {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${url} cannot be had: ${answer.status}`);
    const imports = { env: { __linear_memory: memory } };
    const { instance } = await WebAssembly.instantiate(await answer.arrayBuffer(), imports);
    return new Loop(instance.exports, memory);
  }

  constructor(functions, memory) {
    Object.assign(this, { functions, memory });
  }

  /** A step of SGD for each of the N sums x (T, N, n_x), y (T, N, n_y): changes params, returns logits like y. */
  sgd(params, x, y, T, rate) {
    const N = y.length / (T * params.c.length);
    const views = this.call(params, x, y, T, N, 1, rate);
    ["U_T", "W_T", "V", "b", "c"].forEach((name, i) => params[name].set(views[i]));
    return views[5];
  }

  /** States h (T, B, n_h) and logits o (T, B, n_y) of B sums, from the states h_0 or from 0. Nothing is learned. */
  forward(params, x, T, h_0 = null) {
    const n_h = params.b.length,
      B = x.length / (T * (params.U_T.length / n_h));
    const views = this.call(params, x, new Float64Array(T * B * params.c.length), T, B, B, 0, h_0);
    return { h: views[14].subarray(B * n_h), o: views[5] };
  }

  /** Views of all arrays after `sgd` of loop.wasm. They hold until the next call. */
  call({ U_T, W_T, V, b, c }, x, y, T, N, B, rate, h_0 = null) {
    const n_h = b.length,
      n_y = c.length,
      n_x = U_T.length / n_h;
    const params = [U_T, W_T, V, b, c];
    const room = [...params.map((a) => a.length), n_h * n_h, (T + 1) * B * n_h, T * B * n_h, T * B * n_y, T * B * n_h];
    const sizes = [...params.map((a) => a.length), y.length, x.length, y.length, ...room];
    const at = [ARRAYS_FROM];
    for (const size of sizes) at.push(at.at(-1) + 8 * size);
    const missing = at.pop() - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE));
    const views = sizes.map((size, i) => new Float64Array(this.memory.buffer, at[i], size));
    [...params, null, x, y].forEach((array, i) => array && views[i].set(array));
    views.slice(8).forEach((view) => view.fill(0));
    if (h_0) views[14].set(h_0);
    if (this.functions.sgd(0, EXCEPTION, ...at, T, N, n_x, n_h, n_y, B, rate, 0, 0, 0, 0, 0, 0)) {
      throw new Error("loop.wasm stopped: build it again");
    }
    return views;
  }
}
