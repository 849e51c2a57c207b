// Answers, which this browser keeps: all of them in one file, back from it, and one notebook to hand in.
"use strict";

const input = document.createElement("input");
input.type = "file";
input.accept = ".json";
input.hidden = true;
input.addEventListener("change", async () => {
  if (input.files.length) await bringBack(await input.files[0].text());
  input.value = ""; // the same file may be chosen again
});
bar.append(
  action("Save all my answers", saveAll),
  action("Bring answers back", () => input.click()),
  action("Hand in", handIn),
  told,
  input,
);

function action(text, act) {
  const made = document.createElement("button");
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}

function contents() {
  return window.jupyterapp.serviceManager.contents;
}

async function read(path) {
  return (await contents().get(path, { content: true })).content;
}

function write(path, content) {
  return contents().save(path, { type: "notebook", format: "json", content });
}

async function names() {
  return (await contents().get("")).content.map((file) => file.path);
}

async function versions() {
  return (await fetch("../versions.json", { cache: "no-cache" })).json();
}

// A notebook as the course has it now; null if it is none of the course's.
async function shipped(path) {
  return path in (await versions()) ? (await fetch(`../files/${path}`, { cache: "no-cache" })).json() : null;
}

function same(one, other) {
  const text = (notebook) => JSON.stringify(notebook?.cells.map((cell) => [cell.cell_type, [cell.source].flat().join("")]));
  return text(one) === text(other);
}

function download(file, content) {
  const link = anchor("", URL.createObjectURL(new Blob([content], { type: "application/json" })));
  link.download = file;
  link.click();
}

async function saveAll() {
  await opened()?.context?.save(); // also when a save is on its way: what is read below must be the newest
  const [found, notebooks] = [await names(), {}];
  for (const path of found.filter((file) => file.endsWith(".ipynb"))) {
    const mine = await read(path);
    if (!same(mine, await shipped(path))) notebooks[path] = mine;
  }
  const progress = found.includes("progress.txt") ? await read("progress.txt") : "";
  const day = new Date().toISOString().slice(0, 10);
  download(`bptt-answers-${day}.json`, JSON.stringify({ course: "bptt-lab", notebooks, progress }));
  told.textContent = `Saved in one file: ${count(Object.keys(notebooks))}.`;
}

function count(list) {
  return list.length === 1 ? "1 notebook" : `${list.length} notebooks`;
}

// Takes a file of saveAll. What was changed here and differs is kept beside it, as NAME-before.ipynb.
async function bringBack(text) {
  const saved = understood(text);
  if (!saved) {
    told.textContent = "This file does not hold answers of this course. Choose one that “Save all my answers” made.";
    return;
  }
  await saveNow();
  const [found, taken] = [await names(), Object.entries(saved.notebooks)];
  for (const [path, content] of taken) {
    const here = found.includes(path) ? await read(path) : content;
    if (!same(here, content) && !same(here, await shipped(path))) await write(beside(path, "before", found), here);
    await write(path, content);
  }
  const progress = found.includes("progress.txt") ? await read("progress.txt") : "";
  const lines = [...new Set(`${progress}\n${saved.progress}`.split("\n"))].filter(Boolean).map((line) => `${line}\n`);
  if (lines.length) await contents().save("progress.txt", { type: "file", format: "text", content: lines.join("") });
  if (name in saved.notebooks) await opened().context.revert();
  told.textContent = `Brought back: ${count(taken)}.`;
}

function understood(text) {
  try {
    const saved = JSON.parse(text);
    const fits = ([path, content]) => /^[^/\\]+\.ipynb$/.test(path) && Array.isArray(content.cells);
    return saved.course === "bptt-lab" && Object.entries(saved.notebooks).every(fits) ? saved : null;
  } catch {
    return null;
  }
}

// NAME-word.ipynb, or with a number where that is there already.
function beside(path, word, found) {
  for (let i = 1; ; i++) {
    const file = path.replace(/\.ipynb$/, `-${word}${i > 1 ? i : ""}.ipynb`);
    if (!found.includes(file)) return file;
  }
}

function handIn() {
  const dialog = document.createElement("dialog");
  dialog.innerHTML = `<form method="dialog"><label>Your name, as your teacher knows it <input required /></label>
    <button value="download">Download the file</button> <button value="" formnovalidate>Cancel</button></form>`;
  dialog.addEventListener("close", async () => {
    const student = dialog.querySelector("input").value.trim().replace(/[\\/:*?"<>|\s]+/g, "_");
    dialog.remove();
    if (!dialog.returnValue || !student) return;
    await saveNow();
    download(`${student}_${name.replace(COURSE, "$1.ipynb")}`, JSON.stringify(await read(name), null, 1));
    told.textContent = "The file is in your downloads. Give it to your teacher.";
  });
  bar.append(dialog);
  dialog.showModal();
}
