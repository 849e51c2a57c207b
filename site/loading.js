// A line at the bottom of a notebook: what the page waits for, and, when Python is ready, a button that runs all cells.
// An address that ends in &run=TEXT runs them by itself, up to the first cell that contains TEXT.
"use strict";

const line = document.createElement("div");
line.id = "loading";
const words = document.createElement("span");
words.setAttribute("role", "status"); // read aloud when it changes
const seconds = document.createElement("span");
seconds.setAttribute("aria-hidden", "true"); // not read aloud every second
const progress = document.createElement("progress");
progress.setAttribute("aria-label", "loading");
line.append(progress, words, seconds);
document.addEventListener("DOMContentLoaded", () => document.body.append(line));

const runTo = new URLSearchParams(location.search).get("run");
const began = performance.now();
const watch = setInterval(() => {
  const app = window.jupyterapp;
  const session = app?.shell.currentWidget?.sessionContext;
  const waited = Math.round((performance.now() - began) / 1000);
  seconds.textContent = `${waited} s`;
  if (session?.kernelDisplayStatus === "idle") {
    clearInterval(watch);
    ready(app);
  } else if (waited > 120) {
    say("Python is still loading. If nothing changes, look at your connection and load this page again.");
  } else if (session) {
    say("Loading Python and its packages: about 35 MB the first time, less after that.");
  } else {
    say("Loading the page.");
  }
}, 250);

function say(text) {
  if (words.textContent !== text) words.textContent = text;
}

function ready(app) {
  const notebook = app.shell.currentWidget.content;
  const last = notebook.widgets.findIndex((cell) => runTo && cell.model.sharedModel.getSource().includes(runTo));
  if (last >= 0) {
    line.remove();
    notebook.activeCellIndex = last + 1;
    app.commands.execute("notebook:run-all-above");
    return;
  }
  progress.remove();
  seconds.remove();
  say("Python is ready.");
  const runAll = button("Run all cells", () => app.commands.execute("notebook:run-all-cells"));
  line.append(runAll, button("Close", () => {}));
}

function button(text, act) {
  const made = document.createElement("button");
  made.textContent = text;
  made.addEventListener("click", () => {
    line.remove();
    act();
  });
  return made;
}
