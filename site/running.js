// A cell that runs long: a line says which one, and for how long, and its button stops it, as Jupyter's own button does.
// Python in a page hears of no button while it runs. So it looks, five times a second, whether the next of a row of
// addresses is still there; to stop it, the page takes that address away.
"use strict";

const LONG = 5; // seconds, before the line is shown
const running = document.createElement("div");
running.id = "running";
running.hidden = true;
const which = document.createElement("span");
which.setAttribute("role", "status");
const since = document.createElement("span");
since.setAttribute("aria-hidden", "true"); // not read aloud every second
const stop = document.createElement("button");
stop.textContent = "Stop";
const busy = document.createElement("progress");
busy.setAttribute("aria-label", "running");
running.append(busy, which, since, stop);
document.addEventListener("DOMContentLoaded", () => document.body.append(running));

const LOOK = `(addresses) => {
  let looked = 0;
  return {
    get 0() {
      if (performance.now() < looked + 200 || addresses.length === 0) return 0;
      looked = performance.now();
      const asked = new XMLHttpRequest();
      asked.open("GET", addresses[0], false);
      try {
        asked.send();
        return 0;
      } catch {
        addresses.shift();
        return 2; // the number of Unix's signal: Python raises KeyboardInterrupt
      }
    },
    set 0(_) {},
  };
}`;

// What Python is told at its start, so that it can be stopped 50 times.
function stoppable(session) {
  const addresses = Array.from({ length: 50 }, () => URL.createObjectURL(new Blob(["go on"])));
  const interrupt = async () => URL.revokeObjectURL(addresses.shift());
  session.session.kernel.interrupt = interrupt; // Jupyter's button, its menu and its key come here
  stop.onclick = interrupt;
  const look = `run_js(${JSON.stringify(LOOK)})`;
  return `def _stoppable():
    import pyodide_js
    from pyodide.code import run_js
    from pyodide.ffi import to_js
    pyodide_js.setInterruptBuffer(${look}(to_js(${JSON.stringify(addresses)})))
_stoppable()
del _stoppable`;
}

let runs = null; // the cell, and when it was first seen running
setInterval(() => {
  const code = (opened()?.content?.widgets ?? []).filter((cell) => cell.model.type === "code");
  const number = code.findIndex((cell) => cell.model.executionState === "running");
  if (number < 0) runs = null;
  else if (code[number] !== runs?.cell) runs = { cell: code[number], began: performance.now() };
  const seconds = runs ? Math.round((performance.now() - runs.began) / 1000) : 0;
  running.hidden = seconds < LONG || Boolean(document.getElementById("loading"));
  if (running.hidden) return;
  const text = `Code cell ${number + 1} of ${code.length} is running.`;
  if (which.textContent !== text) which.textContent = text;
  since.textContent = `${seconds} s`;
}, 500);
