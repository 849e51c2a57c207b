// The bar above a notebook: the way back, and buttons for answers. Links lead to a notebook in the same tab, when what was
// typed is saved; arrow keys move a slider.
"use strict";

const name = new URLSearchParams(location.search).get("path") ?? "";
const COURSE = /^(\d\d_\w+?)(-\w+)?\.ipynb$/;
const bar = document.createElement("div");
bar.id = "bar";
bar.dataset.lmSuppressShortcuts = "true"; // keys pressed here are not for the notebook
const told = document.createElement("span");
told.setAttribute("role", "status");
bar.append(
  anchor("Read this page", COURSE.test(name) ? `../../${name.match(COURSE)[1]}.html` : "../../index.html"),
  anchor("All notebooks", "../index.html"),
);
document.addEventListener("DOMContentLoaded", () => {
  document.body.prepend(bar);
  new ResizeObserver(() => {
    document.documentElement.style.setProperty("--bar", `${bar.offsetHeight}px`);
    window.dispatchEvent(new Event("resize")); // Jupyter measures its page anew
  }).observe(bar);
});

function anchor(text, address) {
  const made = document.createElement("a");
  made.textContent = text;
  made.href = address;
  return made;
}

function opened() {
  return window.jupyterapp?.shell.currentWidget;
}

async function saveNow() {
  const context = opened()?.context;
  if (context?.model.dirty) await context.save();
}

// Jupyter takes what a first save wrote for a change by somebody else, if a second one looks before the first has ended,
// and asks which of the two shall stay. And it takes for saved what is typed during a save. So a save waits here for the
// one before it, and what is changed meanwhile is still to be saved.
function saveOneByOne(context) {
  const save = context.save.bind(context);
  let last = Promise.resolve();
  let changed = false;
  context.model.contentChanged.connect(() => (changed = true));
  const one = async () => {
    changed = false;
    await save();
    if (changed) context.model.dirty = true;
  };
  context.save = () => (last = last.catch(() => {}).then(one));
}

// Leave when all is saved, and also where a save fails or does not end: then the browser itself asks whether to leave.
async function leaveTo(address) {
  const patience = new Promise((enough) => setTimeout(enough, 5_000));
  await Promise.race([saveNow().catch(() => {}), patience]);
  location.assign(address);
}

document.addEventListener("visibilitychange", saveNow);
window.addEventListener("pagehide", saveNow);

// Where a link of the page leads, if that is a notebook of the course or the list of them.
function leadsTo(link) {
  if (link.closest("#jp-NotebookLogo")) return "../index.html";
  if (link.closest("#bar")) return link.href;
  const { path, id } = JSON.parse(link.dataset.commandlinkerArgs ?? "{}");
  const file = (path ?? link.getAttribute("href") ?? "").split(/[?#]/)[0].split("/").pop();
  return COURSE.test(file) && link.closest(".jp-RenderedHTMLCommon") ? `index.html?path=${file}${id ?? ""}` : null;
}

function follow(event) {
  const link = event.target.closest?.("a");
  const address = link && leadsTo(link);
  if (!address) return;
  link.href = address;
  link.removeAttribute("target");
  event.stopImmediatePropagation();
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return; // a new tab, since it was asked for
  event.preventDefault();
  leaveTo(address);
}
window.addEventListener("click", follow, true);
window.addEventListener("auxclick", follow, true);

// In Jupyter the arrow keys go from cell to cell. At the handle of a slider they are the slider's.
window.addEventListener(
  "keydown",
  (event) => {
    if (!event.target.matches?.(".noUi-handle")) return;
    if (event.key.startsWith("Arrow")) event.target.dataset.lmSuppressShortcuts = "true";
    else delete event.target.dataset.lmSuppressShortcuts;
  },
  true,
);
