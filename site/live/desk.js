// The writing desk: type a beginning, choose a temperature, and watch the network write.

import { Address, button, el, place, say, slider, unseen, words } from "./figure.js";
import { draw, load, nextCharacter, read } from "./gru.js";
import { Rng } from "./random.js";
import { stateColour } from "./sum.js";

const SEEN = { " ": "␣", "\n": "⏎" },
  MOST = 12,
  PAUSE = 50; // bars; milliseconds between two characters
const named = (symbol) => ({ " ": "space", "\n": "end of line" })[symbol] ?? symbol;

export async function mount(element, options = {}) {
  new Desk(
    element,
    await load(),
    new Address("desk", { beginning: "and god said, ", temperature: 0.7, unit: 6, ...options }),
  );
}

/** Reads a text and writes on; keeps the state after each character. */
export class Author {
  constructor(weights, seed = 0) {
    Object.assign(this, { weights, rng: new Rng(seed) });
  }

  /** Forget all, and read a text. Raises an error for a character that the network does not know. */
  begin(text) {
    const unknown = [...text].find((symbol) => !this.weights.symbols.includes(symbol));
    if (unknown) throw new RangeError(`the network does not know ${unknown}: leave it out`);
    if (!text) throw new RangeError("type a beginning: at least one character");
    [this.text, this.states] = ["", []];
    for (const symbol of text) this.take(symbol);
  }

  take(symbol) {
    const h = this.states.at(-1) ?? new Float64Array(this.weights.n_h);
    this.states.push(read(this.weights, h, this.weights.symbols.indexOf(symbol)));
    this.text += symbol;
  }

  next(temperature) {
    return nextCharacter(this.weights, this.states.at(-1), temperature);
  }

  write(temperature) {
    this.take(this.weights.symbols[draw(this.next(temperature), this.rng.random())]);
  }
}

class Desk {
  constructor(element, weights, address) {
    Object.assign(this, { address, author: new Author(weights), turn: 0 });
    const start = address.read(),
      set = () => this.address.write(this.settings);
    const begin = () => (this.begin(), set()),
      show = () => (this.show(), set());
    this.beginning = el("input", {
      type: "text",
      id: "live-beginning",
      maxlength: 200,
      spellcheck: "false",
      autocomplete: "off",
      input: begin,
    });
    this.beginning.value = start.beginning;
    this.temperature = slider(
      "temperature",
      { min: 0.1, max: 2, step: 0.1, value: start.temperature, format: (v) => v.toFixed(1) },
      show,
    );
    this.unit = slider("unit (from 0)", { max: weights.n_h - 1, value: start.unit }, show);
    this.one = button("1 character", () => this.write(1));
    this.many = button("100 characters", () => this.write(100));
    this.stop = button("Stop", () => this.turn++);
    this.again = button("Start again", () => this.begin());
    this.page = el("p", { class: "page" });
    this.words = words();
    this.bars = el("ol", { class: "bars" });
    place(
      element,
      "the writing desk",
      el(
        "div",
        { class: "controls" },
        el("div", { class: "row text" }, el("label", { for: "live-beginning" }, "beginning"), this.beginning),
        this.temperature.element,
        this.unit.element,
      ),
      el("div", { class: "buttons" }, this.one, this.many, this.stop, this.again),
      el(
        "div",
        { class: "panels" },
        el(
          "div",
          {},
          el("p", { class: "title" }, "The text, on the colours of one unit"),
          this.page,
          el(
            "p",
            { class: "legend" },
            "Each character stands on the value of the unit after it: brown −1, white 0, violet 1; " +
              "bold where it is positive.",
          ),
          this.words,
        ),
        el("div", {}, el("p", { class: "title" }, "What may come next"), this.bars),
      ),
    );
    address.watch((settings) => {
      [this.beginning.value, this.temperature.value, this.unit.value] = [
        settings.beginning,
        settings.temperature,
        settings.unit,
      ];
      this.begin();
    });
    this.begin();
  }

  get settings() {
    return { beginning: this.beginning.value, temperature: this.temperature.value, unit: this.unit.value };
  }

  begin() {
    this.turn++;
    this.author.rng = new Rng(0); // so that a link, too, shows what its sender saw
    const told = this.beginning.value.toLowerCase();
    try {
      this.author.begin(told);
      this.broken = false;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.broken = true;
      say(this.words, `This cannot be read: ${error.message}.`);
    }
    this.began = told.length;
    this.one.disabled = this.many.disabled = this.broken;
    this.stop.disabled = true;
    if (!this.broken) say(this.words, this.show());
  }

  /** n more characters, one after the other; all at once for readers who want no motion. */
  async write(n) {
    const mine = ++this.turn,
      still = matchMedia("(prefers-reduced-motion: reduce)").matches,
      from = this.author.text.length;
    this.one.disabled = this.many.disabled = n > 1 && !still;
    this.stop.disabled = !this.one.disabled;
    for (let k = 0; k < n && mine === this.turn; k++) {
      this.author.write(this.temperature.value);
      if (still || n === 1) continue;
      this.show();
      await new Promise((go) => setTimeout(go, PAUSE));
    }
    if (this.author.text.length <= from) return; // it was begun again
    this.one.disabled = this.many.disabled = this.broken;
    this.stop.disabled = true;
    say(this.words, `It wrote: “${this.author.text.slice(from)}”. ${this.show()}`);
  }

  /** The text on its colours, and the bars; returns in words what may come next. */
  show() {
    if (this.broken) return "";
    const { author, began } = this,
      j = this.unit.value;
    const letters = [...author.text].map((symbol, k) => {
      const h = author.states[k][j],
        kind = `${h > 0 ? "up" : ""} ${k < began ? "told" : ""}`;
      const style = `background:${stateColour(h)};color:${Math.abs(h) > 0.6 ? "#fff" : "#000"}`;
      return el("span", { class: kind, style }, symbol === "\n" ? "⏎\n" : symbol);
    });
    this.page.replaceChildren(unseen(author.text), el("span", { "aria-hidden": "true" }, ...letters));
    const p = author.next(this.temperature.value),
      order = [...p.keys()].sort((a, b) => p[b] - p[a] || a - b).slice(0, MOST);
    const percent = (i) => `${(100 * p[i]).toFixed(0)} %`,
      symbols = author.weights.symbols;
    const bar = (i) =>
      el(
        "li",
        {},
        el("span", { class: "symbol" }, SEEN[symbols[i]] ?? symbols[i]),
        el("span", { class: "bar", style: `width:${(100 * p[i]).toFixed(2)}%` }),
        percent(i),
      );
    this.bars.replaceChildren(...order.map(bar));
    return `Next: ${order
      .slice(0, 3)
      .map((i) => `${named(symbols[i])} ${percent(i)}`)
      .join(", ")}.`;
  }
}
