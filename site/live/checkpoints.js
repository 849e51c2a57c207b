// Few states in memory: which are kept, what is run again, and what it costs. Whole numbers only.

import { Chart, ticks } from "./chart.js";
import { Address, button, el, place, say, slider, words } from "./figure.js";

/** What to do, in order, as through_time.schedule says it: ["run" or "reverse", from step, to step]. */
export function schedule(T, budget) {
  const kept = [0],
    moves = [];
  for (let stop = T; kept.length;) {
    const start = kept.at(-1),
      free = budget - kept.length + 1;
    if (stop - start <= free) {
      moves.push(["reverse", start, stop]);
      stop = kept.pop();
    } else {
      kept.push(start + leftPart(stop - start, free));
      moves.push(["run", start, kept.at(-1)]);
    }
  }
  return moves;
}

/** How many steps forward the schedule takes in all; a full backward pass takes T. */
export const forwardSteps = (T, budget) => schedule(T, budget).reduce((sum, [, start, stop]) => sum + stop - start, 0);

/** Where to keep a state, so that both parts take as few runs as n steps must take with `free` states. */
function leftPart(n, free) {
  let runs = 1;
  while (choose(free + runs - 1, runs) < n) runs++;
  return Math.min(choose(free + runs - 2, runs - 1), n - choose(free + runs - 3, runs - 1));
}

/** n over k; 0 for k > n, as Python's math.comb. */
function choose(n, k) {
  if (k > n) return 0;
  let result = 1;
  for (let i = 1; i <= k; i++) result = (result * (n - k + i)) / i;
  return result;
}

/** The states that are kept after the first n moves, h^(0) first, each as [step, the move that made it]. */
export function keptAfter(moves, n) {
  const kept = [[0, -0.5]];
  moves.slice(0, n).forEach(([kind, , stop], k) => (kind === "run" ? kept.push([stop, k]) : kept.pop()));
  return kept;
}

export function mount(element, options = {}) {
  const address = new Address("checkpoints", { T: 30, budget: 5, move: 0, ...options });
  const start = address.read(),
    chart = new Chart("moves", { left: 10, bottom: 40 }),
    line = words(),
    now = words();
  let moves;

  const controls = {
    T: slider("steps T", { min: 2, max: 100, value: start.T }, () => renew()),
    budget: slider("states to keep", { min: 2, max: start.T, value: start.budget }, () => renew()),
    move: slider("move", { min: 1, max: 1, value: 1 }, () => show()),
  };
  const go = (by) => () => ((controls.move.value += by), show());
  const before = button("Move before", go(-1)),
    next = button("Next move", go(1));

  function renew(move = 0, by_hand = true) {
    const { T, budget } = controls;
    budget.max = T.value;
    moves = schedule(T.value, budget.value);
    controls.move.max = moves.length;
    controls.move.value = move || moves.findIndex(([kind]) => kind === "reverse") + 1; // when most is kept
    const steps = forwardSteps(T.value, budget.value),
      more = steps / T.value;
    say(
      line,
      `${T.value} steps with ${budget.value} states: ${moves.length} move${moves.length > 1 ? "s" : ""}, ` +
        `${steps} steps forward in all. Full back propagation takes ${T.value} and keeps ${T.value} states, ` +
        `so this is ${more.toFixed(2)} times the work for ${(budget.value / T.value).toFixed(2)} of the memory.`,
    );
    show(by_hand);
  }

  function show(by_hand = true) {
    const n = controls.move.value,
      [kind, from, to] = moves[n - 1],
      kept = keptAfter(moves, n - 1);
    const done =
      kind === "run"
        ? `run forward from step ${from} to ${to}, and keep that state`
        : `run from ${from} to ${to} keeping all, walk back to ${from}, and let go`;
    say(
      now,
      `Move ${n} of ${moves.length}: ${done}. Before it, kept beside h⁽⁰⁾: ${
        kept
          .slice(1)
          .map(([step]) => step)
          .join(", ") || "nothing"
      }.`,
    );
    before.disabled = n === 1;
    next.disabled = n === moves.length;
    chart.describe(`The ${moves.length} moves from top to bottom; ${now.textContent}`);
    chart.show(paint);
    if (by_hand) address.write(Object.fromEntries(Object.entries(controls).map(([name, c]) => [name, c.value])));
  }

  function paint() {
    const T = controls.T.value,
      n = controls.move.value,
      row = Math.max(3, Math.min(14, 300 / moves.length));
    const height = 26 + row * moves.length + chart.bottom;
    chart.axes({
      height,
      x: [0, T],
      y: [moves.length, -0.5],
      xTicks: ticks(0, T).map((t) => [t, t]),
      xLabel: "step t; moves from top to bottom",
    });
    moves.forEach(([kind, from, to], k) => {
      const y = chart.Y(k),
        [begin, end] = kind === "run" ? [from, to] : [to, from],
        way = Math.sign(end - begin);
      if (k === n - 1) chart.add("rect", { class: "now", x: 0, y: y - row / 2, width: chart.X(T) + 10, height: row });
      chart.add("path", { class: `move ${kind}`, d: `M${chart.X(begin)} ${y}H${chart.X(end)}` });
      const tip = Math.min(row, 8) * 0.6;
      chart.add("path", {
        class: `tip ${kind}`,
        d: `M${chart.X(end) + way * 2} ${y}l${-way * 1.8 * tip} ${-tip}v${2 * tip}z`,
      });
    });
    for (const [state, made] of keptAfter(moves, n - 1)) {
      chart.add("path", { class: "level", d: `M${chart.X(state)} ${chart.Y(made)}V${chart.Y(n - 1)}` });
      chart.add("circle", { class: "kept", cx: chart.X(state), cy: chart.Y(n - 1), r: 4 });
    }
  }

  const legend = el(
    "p",
    { class: "legend" },
    "Thin, to the right: run forward, and keep the last state. Thick, to the left: walk back. On grey: the move " +
      "that is chosen. Dots: the states that are kept before it, since the move that made them.",
  );
  place(
    element,
    "the schedule of the checkpoints",
    el("div", { class: "controls" }, controls.T.element, controls.budget.element, controls.move.element),
    el("div", { class: "buttons" }, before, next),
    line,
    now,
    chart.element,
    legend,
  );
  address.watch((settings) => {
    for (const [name, value] of Object.entries(settings)) controls[name].value = value;
    renew(settings.move);
  });
  renew(start.move, false);
}
