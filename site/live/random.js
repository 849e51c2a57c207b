// numpy.random.default_rng(seed) for seeds below 2^32: the same numbers in the same order.
// A SeedSequence makes four 64-bit words of the seed; PCG64 (XSL-RR 128/64) goes on from there.

const times = (a, b) => Math.imul(a, b) >>> 0;
const folded = (v) => (v ^ (v >>> 16)) >>> 0;

/** SeedSequence(seed).generate_state(n, uint32). */
function seedWords(seed, n) {
  let constant = 0x43b0d7e5;
  const hash = (v) => {
    v = (v ^ constant) >>> 0;
    constant = times(constant, 0x931e8875);
    return folded(times(v, constant));
  };
  const mix = (x, y) => folded((times(0xca01f9dd, x) - times(0x4973f715, y)) >>> 0);
  const pool = [seed, 0, 0, 0].map(hash);
  for (let from = 0; from < 4; from++) {
    for (let to = 0; to < 4; to++) if (from !== to) pool[to] = mix(pool[to], hash(pool[from]));
  }
  constant = 0x8b51f9dd;
  return Array.from({ length: n }, (_, i) => {
    const v = (pool[i % 4] ^ constant) >>> 0;
    constant = times(constant, 0x58f38ded);
    return folded(times(v, constant));
  });
}

// 128-bit numbers are eight limbs of 16 bits, the lowest first: their products are exact in a double.
const MULTIPLIER = [0xf645, 0x9fcc, 0xdf64, 0x4385, 0x5da4, 0x1fc6, 0xed05, 0x2360];
const limbs = (words) => words.flatMap((word) => [word & 0xffff, word >>> 16]);

export class Rng {
  constructor(seed) {
    const words = seedWords(seed, 8); // each 64-bit word: its lower half first
    const start = limbs([words[2], words[3], words[0], words[1]]);
    const stream = limbs([words[6], words[7], words[4], words[5]]);
    this.increment = stream.map((limb, i) => ((limb << 1) | (i ? stream[i - 1] >>> 15 : 1)) & 0xffff);
    this.state = new Float64Array(8);
    this.next = new Float64Array(8); // room for the state that comes
    this.half = null; // the upper half of a 64-bit word whose lower half was handed out
    this.step();
    let carry = 0;
    for (let k = 0; k < 8; k++) {
      const sum = this.state[k] + start[k] + carry;
      this.state[k] = sum & 0xffff;
      carry = sum >>> 16;
    }
    this.step();
  }

  /** state · multiplier + increment, modulo 2^128. */
  step() {
    const { state: old, next: state, increment } = this;
    let carry = 0;
    for (let k = 0; k < 8; k++) {
      let sum = carry + increment[k];
      for (let i = 0; i <= k; i++) sum += old[i] * MULTIPLIER[k - i];
      carry = Math.floor(sum / 65536);
      state[k] = sum - 65536 * carry;
    }
    [this.state, this.next] = [state, old];
  }

  /** The next 64 bits as [lower, upper] half. */
  next64() {
    this.step();
    const s = this.state;
    let low = ((s[0] ^ s[4]) | ((s[1] ^ s[5]) << 16)) >>> 0;
    let high = ((s[2] ^ s[6]) | ((s[3] ^ s[7]) << 16)) >>> 0;
    let turn = s[7] >>> 10; // the highest 6 bits
    if (turn >= 32) [low, high, turn] = [high, low, turn - 32];
    if (!turn) return [low, high];
    return [((low >>> turn) | (high << (32 - turn))) >>> 0, ((high >>> turn) | (low << (32 - turn))) >>> 0];
  }

  next32() {
    if (this.half !== null) {
      const half = this.half;
      this.half = null;
      return half;
    }
    const [low, high] = this.next64();
    this.half = high;
    return low;
  }

  /** rng.random(): 53 bits in [0, 1). */
  random() {
    const [low, high] = this.next64();
    return (high * 2 ** 21 + (low >>> 11)) / 2 ** 53;
  }

  /** rng.uniform(low, high, n). */
  uniform(low, high, n) {
    return Float64Array.from({ length: n }, () => low + (high - low) * this.random());
  }

  /** rng.integers(0, n) for n up to 2^21, by Lemire's method (2019). */
  below(n) {
    let product = this.next32() * n;
    const rest = (p) => p % 2 ** 32;
    if (rest(product) < n) {
      const least = (2 ** 32 - n) % n;
      while (rest(product) < least) product = this.next32() * n;
    }
    return Math.floor(product / 2 ** 32);
  }
}
