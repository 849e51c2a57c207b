// When the course has a newer version of a notebook that was begun here: keep mine, take the new one, or both.
"use strict";

// A notebook says in its metadata which version it was begun on.
async function lookForNewer() {
  const { context } = opened();
  await context.ready;
  const newest = (await versions())[name];
  if (!newest || context.model.getMetadata("bptt_lab")?.version === newest) return;
  const line = document.createElement("p");
  line.setAttribute("role", "alert");
  const choice = (text, act) =>
    action(text, async () => {
      line.remove();
      await act(context, newest);
    });
  line.append(
    "A newer version of this notebook is there. ",
    choice("Keep mine", keepMine),
    choice("Take the new one", takeNew),
    choice("Both", both),
  );
  bar.append(line);
}

async function keepMine(context, newest) {
  context.model.setMetadata("bptt_lab", { version: newest }); // not asked again
  await context.save();
}

async function takeNew(context) {
  await saveNow(); // so that nothing old is saved over the new
  await write(name, await shipped(name));
  await context.revert();
}

async function both(context) {
  await saveNow();
  const file = beside(name, "mine", await names());
  await write(file, await read(name));
  await takeNew(context);
  told.replaceChildren("Yours is ", anchor(file, `index.html?path=${file}`), ".");
}
