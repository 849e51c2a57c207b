// What every figure is made of: elements, sliders, numbers, buttons, words read aloud, settings in the address.

const SVG = "http://www.w3.org/2000/svg";

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** An element; an attribute that is a function listens to the event of that name. */
export const el = (tag, attributes = {}, ...children) => filled(document.createElement(tag), attributes, children);
export const svg = (tag, attributes = {}, ...children) =>
  filled(document.createElementNS(SVG, tag), attributes, children);

let made = 0;

function row(name, input, shown) {
  input.id = `live-${made++}`;
  const element = el("div", { class: "row" }, el("label", { for: input.id }, name), input, shown);
  return element;
}

/** A slider over `values`, or from `min` to `max`; `format` says its value in words. Its value: `.value`. */
export function slider(name, { values, min = 0, max, step = 1, value, format = String }, changed) {
  const shown = el("span", { class: "value", "aria-hidden": "true" }); // the slider itself says it, too
  const at = (place) => (values ? values[place] : Number(place));
  const range = values ? { min: 0, max: values.length - 1, step: 1 } : { min, max, step };
  const input = el("input", {
    type: "range",
    autocomplete: "off",
    ...range,
    input: () => (show(), changed(at(input.value))),
  });
  const show = () => {
    shown.textContent = format(at(input.value));
    input.setAttribute("aria-valuetext", shown.textContent);
  };
  const control = {
    element: row(name, input, shown),
    input,
    get value() {
      return at(input.value);
    },
    set value(wanted) {
      const nearest = (best, v, i) => (Math.abs(v - wanted) < Math.abs(values[best] - wanted) ? i : best);
      input.value = values ? values.reduce(nearest, 0) : wanted;
      show();
    },
    set max(most) {
      input.max = most;
      show();
    },
  };
  control.value = value;
  return control;
}

/** A list of names to choose from. A name that is not in it is not taken. */
export function choice(name, { names, value }, changed) {
  const options = names.map((one) => el("option", { selected: one === value }, one));
  const input = el("select", { autocomplete: "off", change: () => changed(input.value) }, ...options);
  return {
    element: row(name, input, ""),
    input,
    get value() {
      return input.value;
    },
    set value(wanted) {
      if (names.includes(wanted)) input.value = wanted;
    },
  };
}

/** A box for a whole number from 0 to `max`. What lies outside is not taken, and what was there stays. */
export function number(name, { max, value }, changed) {
  let taken = value;
  const input = el("input", {
    type: "number",
    min: 0,
    max,
    step: 1,
    inputmode: "numeric",
    autocomplete: "off",
    input() {
      const typed = Number(input.value);
      if (input.value === "" || !Number.isInteger(typed) || typed < 0 || typed > max) return;
      taken = typed;
      changed(taken);
    },
    change: () => (input.value = taken),
  });
  input.value = value;
  return {
    element: row(name, input, ""),
    input,
    get value() {
      return taken;
    },
    set value(wanted) {
      taken = input.value = Math.max(0, Math.min(max, Math.round(wanted) || 0));
    },
  };
}

export const button = (text, act) => el("button", { type: "button", click: act }, text);

/** A line that screen readers read aloud when it changes. */
export const words = () => el("p", { class: "words", role: "status" });

/** Say it there, once: what stands there already is not read aloud again. */
export function say(line, text) {
  if (line.textContent !== text) line.textContent = text;
}

/** Text for those who hear the page, where others see a picture. */
export const unseen = (...text) => el("span", { class: "unseen" }, ...text);

/** Put a figure into its place, under a name that screen readers say. */
export function place(element, name, ...children) {
  element.classList.add("live");
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", name);
  element.replaceChildren(...children);
}

/** Every frame that the screen shows, at most one `act`. */
export function onceAFrame(act) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      act();
    });
  };
}

/**
 * Settings that live in the address, as #name?key=value&…, so that a link shows what its sender saw.
 * `read` gives the defaults, changed by what stands there; `write` waits until nothing has changed for a while.
 */
export class Address {
  constructor(name, defaults) {
    Object.assign(this, { name, defaults });
  }

  read() {
    const [name, query] = location.hash.slice(1).split(/\?(.*)/s);
    const found = name === this.name ? new URLSearchParams(query) : new URLSearchParams();
    const typed = ([key, value]) => {
      if (!found.has(key)) return [key, value];
      const there = typeof value === "number" ? Number(found.get(key)) : found.get(key);
      return [key, Number.isNaN(there) ? value : there];
    };
    return Object.fromEntries(Object.entries(this.defaults).map(typed));
  }

  write(settings) {
    clearTimeout(this.waiting);
    const write = () => history.replaceState(history.state, "", `#${this.name}?${new URLSearchParams(settings)}`);
    this.waiting = setTimeout(write, 300); // browsers refuse many changes in a row
  }

  /** Call `changed` with what stands in the address when the reader follows a link to this figure. */
  watch(changed) {
    addEventListener("hashchange", () => location.hash.startsWith(`#${this.name}?`) && changed(this.read()));
  }
}
