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

trouble().then((text) => {
  if (!text) return;
  clearInterval(watch);
  progress.remove();
  seconds.remove();
  say(text);
});

// Why notebooks cannot run in this page, and what to do; nothing if they can.
async function trouble() {
  if (location.protocol === "file:") {
    return "Notebooks do not run from a file: open this folder through a server (python3 -m http.server), and its address.";
  }
  if (await storage()) return "";
  return "This browser lets the page keep nothing, so notebooks do not run: allow cookies and site data, then load it again.";
}

async function storage() {
  try {
    return Boolean(window.localStorage);
  } catch {
    return new Promise((answer) => {
      const asked = indexedDB.open("bptt-lab");
      asked.onsuccess = () => answer(true);
      asked.onerror = () => answer(false);
    }).catch(() => false);
  }
}

const runTo = new URLSearchParams(location.search).get("run");
const began = performance.now();
let looked = false;
let prepared = null;
const watch = setInterval(() => {
  const app = window.jupyterapp;
  const session = app?.shell.currentWidget?.sessionContext;
  if (session && !looked) {
    looked = true;
    saveOneByOne(opened().context);
    lookForNewer();
  }
  if (session?.session?.kernel && !prepared) {
    prepared = prepare(session); // before any cell
    session.statusChanged.connect((_, status) => status === "restarting" && prepare(session));
  }
  const waited = Math.round((performance.now() - began) / 1000);
  seconds.textContent = waited > 120 ? "" : `${waited} s`;
  if (prepared && session.kernelDisplayStatus === "idle") {
    clearInterval(watch);
    prepared.then(() => ready(app));
  } else if (waited > 120) {
    say("Python is still loading. If nothing changes, look at your connection and load this page again.");
  } else if (session) {
    say("Loading Python and its packages: about 35 MB the first time, less after that.");
  } else {
    say("Loading the page.");
  }
}, 250);

// Pyodide's Matplotlib brings a list of fonts that was made by another Matplotlib and on another system, so it would look
// for all fonts anew, for some seconds, and say so. This leaves the fonts that are there, and the version that it expects.
const FONTS = `
def _fonts():
    import importlib.util, json, pathlib, re
    folder = pathlib.Path(importlib.util.find_spec("matplotlib").origin).parent
    fonts = json.loads((folder / "fontlist.json").read_text())
    for kind in ("ttflist", "afmlist"):
        fonts[kind] = [font for font in fonts[kind] if (folder / "mpl-data" / font["fname"]).is_file()]
    fonts["_version"] = int(re.search(r"__version__ = (\\d+)", (folder / "font_manager.py").read_text())[1])
    (folder / "fontlist.json").write_text(json.dumps(fonts))
_fonts()
del _fonts`;

async function prepare(session) {
  const code = `${FONTS}\n${stoppable(session)}`;
  await session.session.kernel.requestExecute({ code, silent: true, store_history: false }).done;
}

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
