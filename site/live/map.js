// The map of all 16,129 sums: which the network gets wrong, and a ring around the one that is asked.

import { HIGH } from "./adder.js";
import { el } from "./figure.js";

const CELL = 4,
  WRONG = "#D55E00"; // pixels of the canvas for a sum
const thousands = new Intl.NumberFormat("en").format;

export class SumsMap {
  /** `picked(first, second)` is called for the sum under a finger or the mouse. */
  constructor(picked) {
    const size = CELL * HIGH;
    this.canvas = el("canvas", { width: size, height: size, role: "img", "aria-label": "all sums", click: (event) => this.pick(event, picked) });
    this.ring = el("span", { class: "ring" });
    this.legend = el("p", { class: "legend" });
    this.element = el("div", {}, el("div", { class: "map" }, this.canvas, this.ring), this.legend);
  }

  /** wrong[127 i + j]: the wrong bits of i + j; null if there is no network. */
  show(wrong) {
    const pen = this.canvas.getContext("2d");
    pen.clearRect(0, 0, CELL * HIGH, CELL * HIGH);
    pen.fillStyle = WRONG;
    let n = 0;
    wrong?.forEach((bits, k) => {
      if (!bits) return;
      n++;
      pen.fillRect(CELL * (k % HIGH), CELL * (HIGH - 1 - Math.floor(k / HIGH)), CELL, CELL);
    });
    this.ring.hidden = !wrong;
    const counted = `${thousands(n)} are wrong (orange), ${thousands(HIGH ** 2 - n)} right (grey).`;
    const told = !wrong ? "There is no network: the run ended early." : n ? counted : "All are right.";
    this.canvas.setAttribute(
      "aria-label",
      `Map of all sums, the first number upwards, the second to the right. ${told}`,
    );
    this.legend.textContent = `${told} First number upwards, second to the right; the ring is the sum below.`;
  }

  mark(first, second) {
    const percent = (number) => `${(100 * (number + 0.5)) / HIGH}%`;
    this.ring.style.cssText = `left: ${percent(second)}; bottom: ${percent(first)}`;
  }

  pick({ offsetX, offsetY }, picked) {
    const at = (offset) => Math.max(0, Math.min(HIGH - 1, Math.floor((HIGH * offset) / this.canvas.clientWidth)));
    picked(HIGH - 1 - at(offsetY), at(offsetX));
  }
}
