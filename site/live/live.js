// Brings every <div data-live="name"> of the page to life. What stands in it stays if that fails: no JavaScript, no
// WebAssembly, no file. A picture in its <noscript> is fetched in that case only.

const FIGURES = ["playground", "walk", "vanish", "checkpoints", "desk"];

export async function mountAll(root = document) {
  await Promise.all([...root.querySelectorAll("[data-live]")].map(mountOne));
}

async function mountOne(element) {
  const { live: name, ...options } = element.dataset;
  const atRest = element.querySelector("noscript")?.textContent ?? element.innerHTML;
  try {
    if (!FIGURES.includes(name)) throw new Error(`there is no figure ${name}`);
    const { mount } = await import(`./${name}.js`);
    await mount(element, options);
  } catch (error) {
    console.error(error);
    const line = document.createElement("p");
    line.textContent = `This figure cannot move here (${error.message}), so you see it at rest.`;
    element.innerHTML = atRest;
    element.append(line);
  }
}

mountAll();
