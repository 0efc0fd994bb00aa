// Builds and finds elements, and announces to screen readers. Text is always set as text, never as markup.

export const $ = (id) => document.getElementById(id);

/**
 * A new element. Properties are set as properties (`textContent`, `onclick`, `ariaLabel`, …) and `data` as data
 * attributes; null and false children are left out.
 */
export function h(tag, { data = {}, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  Object.assign(element.dataset, data);
  element.append(...children.filter((child) => child !== null && child !== false && child !== undefined));
  return element;
}

/** An SVG element with attributes. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * Updates a list's children to `items`, keeping the elements of items that were there before: focus and
 * reading position stay. `draw(item, element)` returns the children of an item's element.
 */
export function drawList(list, items, keyOf, draw) {
  const known = new Map([...list.children].map((element) => [element.dataset.key, element]));
  let place = list.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    const element = known.get(key) ?? h("li", { data: { key } });
    known.delete(key);
    drawOnce(element, item, draw);
    if (element === place) place = place.nextElementSibling;
    else list.insertBefore(element, place);
  }
  for (const element of known.values()) element.remove();
}

const drawn = new WeakMap();

/** Redraws an element only if its item has changed. */
function drawOnce(element, item, draw) {
  const last = drawn.get(element);
  if (last?.item === item) return; // the same object: comparing alerts with pictures takes long
  const text = JSON.stringify(item);
  drawn.set(element, { item, text });
  if (last?.text === text) return;
  const place = [...element.querySelectorAll("a, button, summary")].indexOf(document.activeElement);
  const open = element.querySelector("details")?.open ?? false;
  element.replaceChildren(...draw(item, element));
  if (open) for (const details of element.querySelectorAll("details")) details.open = true;
  if (place >= 0) element.querySelectorAll("a, button, summary")[place]?.focus();
}

/** Announces politely: a screen reader reads it after its present sentence. */
export function say(text) {
  $("said").textContent = "";
  // Only a change is read aloud, so make one even for the same text.
  requestAnimationFrame(() => ($("said").textContent = text));
}

/** While the work runs, its button is marked as busy and does nothing; it keeps the focus. */
export async function whileBusy(button, work) {
  if (button.ariaDisabled === "true") return;
  button.ariaDisabled = "true";
  try {
    await work();
  } finally {
    button.ariaDisabled = null;
  }
}
