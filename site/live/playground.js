// The playground: train the adder in the page, see how often it is right, and ask it any sum.

import * as adder from "./adder.js";
import { Chart, ticks } from "./chart.js";
import { Address, button, choice, el, number, place, say, slider, words } from "./figure.js";
import { Loop, OPTIMISERS } from "./loop.js";
import { SumsMap } from "./map.js";
import { Rng } from "./random.js";
import { SumTable } from "./sum.js";

export const REPORT = { n_h: 16, learning_rate: 0.008, seed: 1, n_steps: 20000, first: 77, second: 58 };
export const RATES = [-3, -2, -1, 0].flatMap((power) => [1, 2, 3, 5, 8].map((digit) => Number(`${digit}e${power}`)));
export const GUESSING = 4,
  NO_MEMORY = 5.04; // right bits: of a coin, and of the best answer to the two bits of a step
const SOON = 100, // milliseconds to the first picture of a run that lasts,
  REFRESH = 250; // and from one to the next: each costs a slow processor some of the run
const thousands = new Intl.NumberFormat("en").format;

/** The mean of each of at most 200 blocks of a curve, as [last step of the block, mean]. */
export function blockMeans(right, done) {
  const size = Math.max(1, Math.ceil(right.length / 200)),
    means = [];
  for (let start = 0; start < done; start += size) {
    const stop = Math.min(start + size, done);
    means.push([stop, right.subarray(start, stop).reduce((a, b) => a + b, 0) / (stop - start)]);
  }
  return means;
}

export const lastMean = ({ right, done }, n = 1000) =>
  right.subarray(Math.max(0, done - n), done).reduce((a, b) => a + b, 0) / Math.min(n, done);

export async function mount(element, options = {}) {
  const loop = await Loop.load();
  const address = new Address("playground", { ...REPORT, optimiser: "SGD", ...options });
  new Playground(element, loop, address);
}

class Playground {
  constructor(element, loop, address) {
    Object.assign(this, { loop, address, turn: 0, loops: {} });
    const start = address.read(),
      again = () => this.train(),
      ask = () => this.ask();
    this.controls = {
      n_h: slider("hidden size", { min: 1, max: 64, value: start.n_h }, again),
      learning_rate: slider("learning rate", { values: RATES, value: start.learning_rate }, again),
      seed: slider("seed", { max: 99, value: start.seed }, again),
      optimiser: choice("optimiser", { names: Object.keys(OPTIMISERS), value: start.optimiser }, again),
      n_steps: slider("steps", { min: 1000, max: 50000, step: 1000, value: start.n_steps, format: thousands }, again),
      first: number("first number", { max: adder.HIGH - 1, value: start.first }, ask),
      second: number("second number", { max: adder.HIGH - 1, value: start.second }, ask),
    };
    for (const name of ["first", "second"]) this.controls[name].value = start[name];
    this.curve = new Chart("right bits while learning", { left: 26, height: 300 });
    this.map = new SumsMap((first, second) => {
      [this.controls.first.value, this.controls.second.value] = [first, second];
      this.ask();
    });
    this.words = words();
    this.words.classList.add("roomy"); // what stands below keeps its place
    this.sum = new SumTable();
    const { first, second, ...sliders } = this.controls;
    const reset = button("Reset", () => this.set(this.address.defaults));
    const panel = (kind, title, ...parts) => el("div", { class: kind }, el("p", { class: "title" }, title), ...parts);
    place(
      element,
      "playground",
      el("div", { class: "controls" }, ...Object.values(sliders).map((control) => control.element), reset),
      this.words,
      el(
        "div",
        { class: "panels" },
        panel("wide", "Right bits of 8, while it learns", this.curve.element),
        panel("narrow", "All 16,129 sums", this.map.element),
      ),
      el("p", { class: "title" }, "One sum, step by step"),
      el("div", { class: "controls" }, first.element, second.element, this.sum.at.element),
      this.sum.element,
    );
    this.curve.show(() => this.drawCurve());
    address.watch((settings) => this.set(settings));
    this.train(false);
  }

  get settings() {
    return Object.fromEntries(Object.entries(this.controls).map(([name, control]) => [name, control.value]));
  }

  set(settings) {
    for (const [name, value] of Object.entries(settings)) this.controls[name].value = value;
    this.train();
  }

  /** Train by what the sliders say; give up when they say something else. */
  async train(by_hand = true) {
    const mine = ++this.turn,
      settings = this.settings;
    if (by_hand) this.address.write(settings);
    this.busy(true);
    let next = performance.now() + SOON;
    const loop = await this.loopOf(settings.optimiser).catch((error) => error);
    if (mine !== this.turn) return;
    if (loop instanceof Error) {
      say(this.words, `${settings.optimiser} could not be loaded. Are you online? Then choose it once more.`);
      return this.finish(null);
    }
    try {
      for (this.run of adder.train(loop, settings, new Rng(settings.seed))) {
        if (performance.now() > next) {
          this.drawCurve();
          next = performance.now() + REFRESH;
        }
        await aTurn();
        if (mine !== this.turn) return;
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.drawCurve();
      say(this.words, `This run ended early: ${error.message}.`);
      return this.finish(null);
    }
    this.drawCurve();
    await aTurn(); // the curve is on the screen before the map is computed
    if (mine !== this.turn) return;
    this.wrong = adder.allSums(this.loop, this.run.params);
    this.finish(this.run.params);
    say(this.words, this.inWords(settings));
  }

  /** The loop of an optimiser; that of SGD is there from the start. */
  async loopOf(optimiser) {
    const { file } = OPTIMISERS[optimiser];
    if (file === OPTIMISERS.SGD.file) return this.loop;
    return (this.loops[file] ??= await Loop.load(file));
  }

  /** Another sum for the network that is there. */
  ask() {
    this.address.write(this.settings);
    if (this.params) this.drawSum();
  }

  /** What is shown is of an older network, as long as a new one is in training. */
  busy(is) {
    for (const element of [this.map.canvas, this.sum.element]) element.classList.toggle("busy", is);
  }

  /** Show what a run has led to; null if it led to no network. */
  finish(params) {
    this.params = params;
    this.busy(false);
    this.map.show(params && this.wrong);
    this.sum.element.hidden = !params;
    if (params) this.drawSum();
  }

  drawSum() {
    const { first, second } = this.settings;
    this.map.mark(first, second);
    this.sum.show(this.loop, this.params, first, second);
  }

  drawCurve() {
    if (!this.run) return;
    const { curve, run } = this,
      n = run.right.length,
      last = lastMean(run);
    const xTicks = ticks(0, n, 5).map((at) => [at, thousands(at)]);
    curve.axes({ x: [0, n], y: [0, 8], xTicks, yTicks: [0, 2, 4, 6, 8].map((at) => [at, at]), xLabel: "step" });
    const names = [[curve.X(n), curve.Y(0.4), `mean of the last 1,000: ${last.toFixed(3)}`, "end", "strong halo"]];
    for (const [level, name, below] of [
      [GUESSING, "guessing: 4", 15],
      [NO_MEMORY, "no memory: 5.04", -6],
    ]) {
      curve.line(
        [
          [0, level],
          [n, level],
        ],
        "level",
      );
      names.push([curve.X(n), curve.Y(level) + below, name, "end", "halo"]);
    }
    curve.line(blockMeans(run.right, run.done), "curve");
    curve.line(
      [
        [Math.max(0, run.done - 1000), last],
        [run.done, last],
      ],
      "mean",
    );
    for (const name of names) curve.text(...name); // above the lines
    curve.describe(
      `Right bits while learning: a mean of ${last.toFixed(3)} of 8 in the last 1,000 of ${thousands(run.done)} steps.`,
    );
  }

  inWords({ n_h, learning_rate, seed, n_steps, optimiser }) {
    const right = this.wrong.reduce((n, bits) => n + (bits === 0), 0),
      guessing = 8 * Math.log(2);
    const late = this.run.loss.slice(-1000).sort()[500];
    const by = optimiser === "SGD" ? "" : `, ${optimiser}`;
    const network = `${n_h} hidden unit${n_h > 1 ? "s" : ""}, learning rate ${learning_rate}, seed ${seed}${by}`;
    const bits = `${lastMean(this.run).toFixed(3)} of 8 bits right in the last 1,000 of ${thousands(n_steps)} steps`;
    const advice =
      ` The loss is ${late.toFixed(1)} nats, and guessing would cost ${guessing.toFixed(1)}: ` +
      "steps this long overshoot and saturate the network. Choose a smaller learning rate.";
    return `${network}: ${bits}; ${thousands(right)} of 16,129 sums right.${late > 1.5 * guessing ? advice : ""}`;
  }
}

const channel = new MessageChannel(),
  waiting = [];
channel.port1.onmessage = () => waiting.shift()();

/** Let the page have its turn: what the reader did is heard, and what was drawn is shown. */
const aTurn = () =>
  new Promise((go) => {
    waiting.push(go);
    channel.port2.postMessage(0);
  });
