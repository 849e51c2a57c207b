// Vanish, hold, explode: what becomes of a gradient on its way back, by the spectral radius of W and the drive.

import { Chart } from "./chart.js";
import { Address, el, onceAFrame, place, say, slider, words } from "./figure.js";
import { productNorms } from "./jacobians.js";
import { forward } from "./network.js";
import { Rng } from "./random.js";

export const N_H = 32,
  T = 60,
  B = 20;

/**
 * Norms of products of Jacobians of a random network with ρ(W) = radius, on random bits; through_time.sliders.measure.
 * `data`: of the W that seed 0 draws, the eigenvalues, ρ and ‖·‖. All three grow with W: no need to find them anew.
 */
export function measure(data, radius, drive) {
  const rng = new Rng(0),
    U = rng.uniform(-1, 1, 2 * N_H),
    W = rng.uniform(-1, 1, N_H * N_H),
    V = rng.uniform(-1, 1, N_H);
  const factor = radius / data.radius;
  const params = { U: U.map((u) => drive * u), W: W.map((w) => w * factor), V, b: new Float64Array(N_H), c: [0] };
  const x = Array.from({ length: T }, () => Array.from({ length: B }, () => [rng.below(2), rng.below(2)]));
  let slopes = 0;
  const norms = Array.from({ length: B }, (_, k) => {
    const { h } = forward(
      params,
      x.map((x_t) => x_t[k]),
    );
    for (const h_t of h) for (const value of h_t) slopes += 1 - value * value;
    return productNorms(params.W, h);
  });
  const eigenvalues = data.eigenvalues.map((parts) => parts.map((part) => part * factor));
  return { eigenvalues, norms, radius, bound: data.norm * factor, slope: slopes / (T * B * N_H) };
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b),
    half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

export const medians = (norms) => norms[0].map((_, k) => median(norms.map((curve) => curve[k])));

export async function mount(element, options = {}) {
  const answer = await fetch(new URL("vanish.json", import.meta.url));
  if (!answer.ok) throw new Error(`vanish.json cannot be had: ${answer.status}`);
  const data = await answer.json();
  const address = new Address("vanish", { radius: 1.2, drive: 0.3, ...options }),
    start = address.read();
  const plane = new Chart("eigenvalues", { height: 300, left: 44, right: 12 });
  const fan = new Chart("norms", { height: 300, left: 56 });
  const line = words();
  let found;

  const changed = onceAFrame(() => (show(), address.write({ radius: radius.value, drive: drive.value })));
  const two = (value) => value.toFixed(2);
  const radius = slider(
    "spectral radius",
    { min: 0.1, max: 2.5, step: 0.05, value: start.radius, format: two },
    changed,
  );
  const drive = slider(
    "size of inputs",
    { max: 2, step: 0.1, value: start.drive, format: (v) => v.toFixed(1) },
    changed,
  );

  function show() {
    found = measure(data, radius.value, drive.value);
    plane.show(() => paintPlane(plane, found));
    fan.show(() => paintFan(fan, found));
    say(line, inWords(found));
  }

  const panel = (kind, title, ...parts) => el("div", { class: kind }, el("p", { class: "title" }, title), ...parts);
  place(
    element,
    "vanish, hold or explode",
    el("div", { class: "controls" }, radius.element, drive.element),
    line,
    el(
      "div",
      { class: "panels reversed" },
      panel("narrow", "Eigenvalues of W, and the circle of radius 1", plane.element),
      panel(
        "wide",
        "Norms of ∂h⁽ᵀ⁾/∂h⁽ᵀ⁻ᵏ⁾",
        fan.element,
        el(
          "p",
          { class: "legend" },
          "Blue: measured with tanh on 20 sequences; thick, their median. Dashed: ρ(W)ᵏ, W alone. " +
            "Dotted: ‖W‖ᵏ, no more than that.",
        ),
      ),
    ),
  );
  address.watch((settings) => {
    [radius.value, drive.value] = [settings.radius, settings.drive];
    show();
  });
  show();
}

/** Two digits of a number of any size, such as 3.2 or 4.1·10⁻⁷. */
function rounded(value) {
  if (value >= 0.01 && value < 1000) return Number(value.toPrecision(2)).toString();
  const [digits, power] = value.toExponential(1).split("e");
  const raised = [...power.replace("+", "")].map((sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign]));
  return `${digits}·10${raised.join("")}`;
}

/** Vanish, hold or explode, by the median over all distances at the end. */
function inWords({ norms, slope, radius, bound }) {
  const last = medians(norms).at(-1);
  const word = last < 0.01 ? "vanishes" : last > 100 ? "explodes" : "holds";
  const sizes = `Mean tanh′: ${slope.toFixed(2)}; ρ(W) is ${radius.toFixed(2)}, ‖W‖ is ${bound.toFixed(2)}`;
  return `Over ${T - 1} steps the gradient ${word}: times ${rounded(last)}. ${sizes}.`;
}

function paintPlane(chart, { eigenvalues, radius }) {
  const reach = Math.max(1.6, 1.1 * radius),
    width = chart.element.clientWidth,
    side = Math.min(width, 320);
  const shown = [-2, -1, 0, 1, 2].filter((at) => Math.abs(at) <= reach).map((at) => [at, at]);
  const across = (reach * (width - chart.left - chart.right)) / (side - chart.top - chart.bottom); // circles are round
  chart.axes({
    height: side,
    x: [-across, across],
    y: [-reach, reach],
    xTicks: shown,
    yTicks: shown,
    xLabel: "real part",
    yLabel: "imaginary part",
  });
  chart.add("circle", { class: "circle", cx: chart.X(0), cy: chart.Y(0), r: chart.X(1) - chart.X(0) });
  for (const [re, im] of eigenvalues)
    chart.add("circle", { class: "eigenvalue", cx: chart.X(re), cy: chart.Y(im), r: 3.5 });
  const outside = eigenvalues.filter(([re, im]) => Math.hypot(re, im) > 1).length;
  chart.describe(`32 eigenvalues of W in the complex plane, ${outside} of them outside the circle of radius 1.`);
}

function paintFan(chart, { norms, radius, bound }) {
  const decade = (value) => (Math.abs(Math.log10(value)) > 9 ? NaN : Math.log10(value)),
    points = (curve) => curve.map((value, k) => [k, decade(value)]);
  const powers = (base) => norms[0].map((_, k) => base ** k);
  const yTicks = [
    [-8, "10⁻⁸"],
    [-4, "10⁻⁴"],
    [0, "1"],
    [4, "10⁴"],
    [8, "10⁸"],
  ];
  chart.axes({
    x: [0, T - 1],
    y: [-9, 9],
    xTicks: [0, 10, 20, 30, 40, 50].map((k) => [k, k]),
    yTicks,
    xLabel: "distance k in steps",
  });
  chart.line(
    [
      [0, 0],
      [T - 1, 0],
    ],
    "level",
  );
  for (const curve of norms) chart.line(points(curve), "thin");
  chart.line(points(powers(radius)), "alone");
  chart.line(points(powers(bound)), "bound");
  chart.line(points(medians(norms)), "median");
  chart.describe(`Norms against the distance, on a logarithmic axis. ${inWordsOf(medians(norms))}`);
}

const inWordsOf = (curve) =>
  `The median is ${[10, 30, 59].map((k) => `${rounded(curve[k])} at ${k}`).join(", ")} steps.`;
