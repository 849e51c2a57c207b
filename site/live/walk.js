// The walk of equation (7): from the last step back to the first, two roads into every state.

import { bits } from "./adder.js";
import { Address, button, el, number, onceAFrame, place, say, slider, svg, words } from "./figure.js";
import { forward, stateGrads } from "./network.js";
import { Rng } from "./random.js";

const N_H = 5; // units of notebook 03's network
export const CODE = [
  "dh_da = 1 - trace.h**2",
  "dL_dh = dL_do @ params.V  # the first road, all steps at once",
  "for t in reversed(range(T - 1)):  # the second road, from the end",
  "    dL_dh[t] += (dL_dh[t + 1] * dh_da[t + 1]) @ params.W",
];
const signed = (value) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(3);
const raised = (t) => `⁽${[...String(t)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("")}⁾`;

/** The network of notebook 03: seed 0, biases drawn too. */
export function network() {
  const rng = new Rng(0),
    draw = (n) => rng.uniform(-1, 1, n);
  return { U: draw(2 * N_H), W: draw(N_H * N_H), V: draw(N_H), b: draw(N_H), c: draw(1) };
}

/** All numbers of the walk for one sum, of as many bits as it needs, and at least 4. */
export function numbersOf(first, second, params = network()) {
  const T = Math.max(4, (first + second).toString(2).length);
  const [a, b, y] = [first, second, first + second].map((n) => bits(n, T));
  const x = a.map((bit, t) => [bit, b[t]]),
    trace = forward(params, x);
  return { T, x, y, ...trace, ...stateGrads(params, trace, y) };
}

export function mount(element, options = {}) {
  new Walk(element, new Address("walk", { first: 6, second: 3, unit: 4, t: 4, ...options }));
}

class Walk {
  constructor(element, address) {
    this.address = address;
    const start = address.read(),
      changed = (fresh) => () => this.show(fresh);
    this.controls = {
      first: number("first number", { max: 126, value: start.first }, changed(true)),
      second: number("second number", { max: 126, value: start.second }, changed(true)),
      unit: slider("hidden unit", { min: 1, max: N_H, value: start.unit }, changed(false)),
      t: slider("step t", { min: 1, max: 8, value: start.t }, changed(false)),
    };
    const move = (by) => () => ((this.controls.t.value += by), this.show(false));
    this.back = button("Back to the later step", move(1));
    this.on = button("On to the earlier step", move(-1));
    this.picture = svg("svg", { role: "img" });
    this.scroll = el(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "picture of the walk" },
      this.picture,
    );
    this.code = CODE.map((line) => el("code", {}, line));
    this.words = words();
    this.table = el("table", { class: "roads" });
    const { first, second, unit, t } = this.controls;
    place(
      element,
      "the walk of equation (7)",
      el("div", { class: "controls" }, first.element, second.element, unit.element, t.element),
      el("div", { class: "buttons" }, this.back, this.on),
      this.scroll,
      el("pre", { class: "code", tabindex: 0, role: "region", "aria-label": "the lines of code" }, ...this.code),
      this.words,
      el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "numbers of the walk" }, this.table),
    );
    address.watch((settings) => {
      for (const [name, value] of Object.entries(settings)) this.controls[name].value = value;
      this.show(true, false);
    });
    this.show(true, false);
    t.value = start.t;
    this.show(false, false);
    new ResizeObserver(onceAFrame(() => this.draw())).observe(this.scroll);
  }

  show(fresh, by_hand = true) {
    const { first, second, unit, t } = this.controls;
    this.found = numbersOf(first.value, second.value);
    const { T } = this.found;
    t.max = T;
    if (fresh && by_hand) t.value = T; // a new sum is walked from its end
    this.at = t.value;
    this.j = unit.value - 1;
    this.back.disabled = this.at === T;
    this.on.disabled = this.at === 1;
    this.draw();
    this.tabulate();
    this.code.forEach((line, k) => line.classList.toggle("lit", k === (this.at === T ? 1 : 3)));
    say(this.words, this.inWords());
    if (by_hand)
      this.address.write(Object.fromEntries(Object.entries(this.controls).map(([name, c]) => [name, c.value])));
  }

  /** Known gradients from t to T, and the roads that meet at t: down from the output, and back from the next state. */
  draw() {
    const {
      found: { T, first, second, dL_dh },
      at,
      j,
    } = this;
    const put = (tag, attributes, text = "") => this.picture.append(svg(tag, attributes, text));
    const write = (x, y, text, kind = "", anchor = "middle") =>
      put("text", { x, y, class: kind, "text-anchor": anchor }, text);
    const arrow = (d, tip, kind) => (put("path", { class: kind, d }), put("path", { class: `${kind} tip`, d: tip }));
    const wide = Math.max(104, Math.min(190, (this.scroll.clientWidth - 30) / T)); // from one step to the next
    const width = wide * T + 30,
      middle = 140;
    this.picture.replaceChildren();
    for (const [name, value] of Object.entries({ viewBox: `0 0 ${width} 195`, width, height: 195 }))
      this.picture.setAttribute(name, value);
    for (let t = 1; t <= T; t++) {
      const x = wide * t - 40,
        known = t >= at ? "known" : "unknown";
      put("path", { class: "axis", d: `M${x - wide + 18} ${middle}H${x - 18}M${x} ${middle - 18}V44` });
      put("circle", { cx: x, cy: middle, r: 18, class: `state ${known}` });
      put("rect", { x: x - 19, y: 16, width: 38, height: 28, class: `output ${known}` });
      write(x, middle + 4, `h${raised(t)}`, `on ${known}`);
      write(x, 34, `o${raised(t)}`, known);
      if (t >= at) write(x, middle + 38, signed(dL_dh[t - 1][j]), "strong");
    }
    const x = wide * at - 40;
    arrow(`M${x} 46V${middle - 29}`, `M${x} ${middle - 18}l-7 -12h14z`, "road one");
    write(x - 7, 72, "first road", "one", "end");
    write(x - 7, 89, signed(first[at - 1][j]), "one", "end");
    if (at < T) {
      arrow(`M${x + wide - 19} ${middle}H${x + 29}`, `M${x + 18} ${middle}l12 -7v14z`, "road two");
      write(x + wide / 2, middle - 26, "second road", "two");
      write(x + wide / 2, middle - 10, signed(second[at - 1][j]), "two");
    }
    this.picture.setAttribute(
      "aria-label",
      `The network from step 1 to ${T}; the gradients of steps ${at} to ${T} are known. ${this.inWords()}`,
    );
    this.scroll.scrollLeft = x - this.scroll.clientWidth / 2;
  }

  tabulate() {
    const {
      found: { T, y, y_hat, dL_do, first, second, dL_dh },
      at,
      j,
    } = this;
    const head = ["t", "y", "ŷ", "∂L/∂o", "first road", "second road", "∂L/∂h"];
    const row = (t) => {
      const known = t >= at,
        roads = known ? [second[t - 1][j], dL_dh[t - 1][j]].map(signed) : ["", ""];
      if (t === T) roads[0] = "none";
      const cells = [y[t - 1], y_hat[t - 1].toFixed(3), signed(dL_do[t - 1]), signed(first[t - 1][j]), ...roads];
      const look = t === at ? { class: "here", "aria-current": "step" } : {};
      return el("tr", look, el("th", { scope: "row" }, t), ...cells.map((cell) => el("td", {}, cell)));
    };
    const steps = Array.from({ length: T }, (_, k) => row(T - k)); // in the order of the walk
    const titles = el("tr", {}, ...head.map((name) => el("th", { scope: "col" }, name)));
    this.table.replaceChildren(el("thead", {}, titles), el("tbody", {}, ...steps));
  }

  inWords() {
    const {
      found: { T, first, second, terms, dL_dh },
      at,
      j,
    } = this;
    const begin = `t = ${at}, unit ${j + 1}: the first road brings ${signed(first[at - 1][j])}`;
    if (at === T) return `${begin}. No state follows, so this is the whole gradient of h${raised(at)}.`;
    const parts = terms[at - 1].map((term) => signed(term[j])).join(" ");
    const both = `the second ${signed(second[at - 1][j])}; together ${signed(dL_dh[at - 1][j])}`;
    return `${begin}, ${both}. The second is a sum over the units of h${raised(at + 1)}: ${parts}.`;
  }
}
