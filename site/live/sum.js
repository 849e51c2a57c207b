// One sum as the network meets it: the bits, the carry, what the network says, and its hidden states, step by step.

import * as adder from "./adder.js";
import { el, say, slider, words } from "./figure.js";

const PUOR = [
  "7f3b08",
  "b35806",
  "e08214",
  "fdb863",
  "fee0b6",
  "f7f7f7",
  "d8daeb",
  "b2abd2",
  "8073ac",
  "542788",
  "2d004b",
];
const STOPS = PUOR.map((hex) => [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16)));

/** Brown for -1, white for 0, violet for 1. */
export function stateColour(h) {
  const at = Math.max(0, Math.min(10, 5 * (h + 1))),
    below = Math.min(9, Math.floor(at)),
    part = at - below;
  return `rgb(${STOPS[below].map((from, i) => Math.round(from + part * (STOPS[below + 1][i] - from))).join()})`;
}

/** What the network makes of first + second: for each step its bits, carries, hidden states and probability. */
export function reading(loop, params, first, second) {
  const { x } = adder.encodeSums([first], [second]),
    { h, o } = loop.forward(params, x, adder.N_BITS);
  const carry = adder.carries(first, second),
    sum = adder.bits(first + second),
    n_h = params.b.length;
  return Array.from({ length: adder.N_BITS }, (_, t) => ({
    first: x[2 * t],
    second: x[2 * t + 1],
    carry_in: t ? carry[t - 1] : 0,
    carry: carry[t],
    sum: sum[t],
    h: h.slice(t * n_h, (t + 1) * n_h),
    o: o[t],
    y_hat: 1 / (1 + Math.exp(-o[t])),
    says: o[t] > 0 ? 1 : 0,
  }));
}

export class SumTable {
  constructor() {
    this.at = slider("step", { min: 1, max: adder.N_BITS, value: 1 }, () => this.light());
    this.answer = words();
    this.words = el("p", { class: "roomy" }); // the slider says the same
    this.table = el("table", { class: "sum" });
    this.states = el("canvas", { role: "img" });
    this.element = el("div", {}, this.answer, this.words, el("div", { class: "scroll" }, this.table));
  }

  show(loop, params, first, second) {
    this.steps = reading(loop, params, first, second);
    const rows = [
      [`${first}, lowest bit first`, (s) => bit(s.first, "first")],
      [`${second}, lowest bit first`, (s) => bit(s.second, "second")],
      ["carry that comes in", (s) => bit(s.carry_in, "carry")],
      ["right bit of the sum", (s) => bit(s.sum, "right")],
      ["network: p(bit is 1)", (s) => el("span", { class: "small" }, s.y_hat.toFixed(2))],
      ["so it says", (s) => bit(s.says, s.says === s.sum ? "right" : "wrong", s.says === s.sum ? "" : "✗")],
    ];
    const line = ([name, cell]) =>
      el("tr", {}, el("th", { scope: "row" }, name), ...this.steps.map((s) => el("td", {}, cell(s))));
    const head = el(
      "tr",
      {},
      el("th", { scope: "col" }, "step"),
      ...this.steps.map((_, t) => el("th", { scope: "col" }, t + 1)),
    );
    const states = el(
      "tr",
      { class: "states" },
      el("th", { scope: "row" }, "hidden states: brown −1 (dash), violet 1"),
      el("td", { colspan: adder.N_BITS }, this.states),
    );
    this.table.replaceChildren(el("thead", {}, head), el("tbody", {}, ...rows.map(line), states));
    drawStates(
      this.states,
      this.steps.map((s) => s.h),
    );
    const says = this.steps.reduce((number, s, t) => number + s.says * 2 ** t, 0);
    say(
      this.answer,
      `${first} + ${second} = ${says}, says the network: ` +
        (says === first + second ? "right." : `wrong, it is ${first + second}.`),
    );
    this.light();
  }

  /** Mark the column of one step, and say it in words. */
  light() {
    const t = this.at.value - 1,
      s = this.steps[t];
    for (const cell of this.table.querySelectorAll(".lit")) cell.classList.remove("lit");
    for (const row of this.table.rows) if (row.cells.length > 2) row.cells[t + 1].classList.add("lit");
    this.states.parentElement.style.setProperty("--step", t);
    const p = s.y_hat.toFixed(2),
      judged = s.says === s.sum ? "right" : `wrong, the bit is ${s.sum}`;
    const strongest = s.h.reduce((best, h, j) => (Math.abs(h) > Math.abs(s.h[best]) ? j : best), 0);
    const told =
      `Step ${t + 1} reads ${s.first} and ${s.second}, and the carry ${s.carry_in} comes in. ` +
      `The network gives a 1 the probability ${p}, so it says ${s.says}: ${judged}. ` +
      `The carry ${s.carry} is handed on. ` +
      `The strongest unit is number ${strongest + 1}, at ${s.h[strongest].toFixed(2).replace("-", "−")}.`;
    say(this.words, told);
    this.at.input.setAttribute("aria-valuetext", told);
  }
}

const bit = (value, kind, mark = "") => el("span", { class: `bit ${kind} ${value ? "one" : "nil"}` }, value, mark);

/** A row for each unit, a column for each step; a dash marks what is negative, for those who see no colours. */
function drawStates(canvas, h) {
  const wide = 80,
    high = Math.max(12, Math.min(36, Math.round(320 / h[0].length)));
  [canvas.width, canvas.height] = [wide * h.length, high * h[0].length];
  const pen = canvas.getContext("2d");
  h.forEach((units, t) =>
    units.forEach((value, j) => {
      pen.fillStyle = stateColour(value);
      pen.fillRect(t * wide, j * high, wide, high);
      if (value >= 0) return;
      pen.fillStyle = value < -0.5 ? "white" : "black";
      pen.fillRect(t * wide + 30, j * high + high / 2 - 1.5, 20, 3);
    }),
  );
  canvas.setAttribute("aria-label", `Hidden states of ${h[0].length} units after each of ${h.length} steps.`);
}
