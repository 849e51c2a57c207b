// A picture with two axes, as wide as its place; drawn anew when that changes.

import { el, onceAFrame, svg } from "./figure.js";

export class Chart {
  /** `name` says in words what the picture shows; change it with `describe` when it shows something else. */
  constructor(name, { height = 240, left = 44, right = 22, top = 12, bottom = 40 } = {}) {
    Object.assign(this, { height, left, right, top, bottom });
    this.svg = svg("svg", { role: "img", "aria-label": name });
    this.element = el("div", { class: "chart" }, this.svg);
    new ResizeObserver(onceAFrame(() => this.paint?.())).observe(this.element);
  }

  describe(name) {
    this.svg.setAttribute("aria-label", name);
  }

  /** Draw with this function, now and whenever the width changes. */
  show(paint) {
    this.paint = () => this.element.clientWidth && paint(this);
    this.paint();
  }

  /** An empty picture with axes over x and y, [lowest, highest]; ticks are [place, text]. Sets X and Y, to pixels. */
  axes({ x, y, xTicks = [], yTicks = [], xLabel = "", yLabel = "", height = this.height }) {
    const width = this.element.clientWidth,
      { left, right, top, bottom } = this;
    this.X = (value) => left + ((value - x[0]) / (x[1] - x[0])) * (width - left - right);
    this.Y = (value) => height - bottom - ((value - y[0]) / (y[1] - y[0])) * (height - top - bottom);
    this.svg.replaceChildren();
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("width", width);
    this.svg.setAttribute("height", height);
    this.add("path", { class: "axis", d: `M${left} ${top}V${height - bottom}H${width - right}` });
    for (const [at, text] of xTicks) {
      this.add("path", { class: "axis", d: `M${this.X(at)} ${height - bottom}v4` });
      this.text(this.X(at), height - bottom + 17, text, "middle");
    }
    for (const [at, text] of yTicks) {
      this.add("path", { class: "axis", d: `M${left} ${this.Y(at)}h-4` });
      this.text(left - 7, this.Y(at) + 4, text, "end");
    }
    this.text((left + width - right) / 2, height - 5, xLabel, "middle");
    if (yLabel)
      this.text(0, 0, yLabel, "middle").setAttribute(
        "transform",
        `translate(11 ${(top + height - bottom) / 2}) rotate(-90)`,
      );
  }

  add(tag, attributes, ...children) {
    return this.svg.appendChild(svg(tag, attributes, ...children));
  }

  text(across, down, text, anchor = "start", kind = "") {
    return this.add("text", { x: across, y: down, "text-anchor": anchor, class: kind }, text);
  }

  /** A line through the points [x, y]; what is not finite leaves a gap. */
  line(points, kind) {
    let pen = "M",
      d = "";
    for (const [x, y] of points) {
      const finite = Number.isFinite(x) && Number.isFinite(y);
      if (finite) d += `${pen}${this.X(x).toFixed(1)} ${this.Y(y).toFixed(1)}`;
      pen = finite ? "L" : "M";
    }
    return this.add("path", { class: `line ${kind}`, d });
  }
}

/** Round numbers from low to high, at most `most` of them. */
export function ticks(low, high, most = 6) {
  const rough = (high - low) / (most - 1),
    power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((k) => k >= rough * (1 - 1e-9));
  const first = Math.ceil(low / step - 1e-9);
  const n = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: n }, (_, k) => Number(((first + k) * step).toPrecision(12)));
}
