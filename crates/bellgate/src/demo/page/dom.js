// The few things that the page does with the document. Text is always set as text.

/** The element with this id. */
export const byId = (id) => document.getElementById(id);

/** A copy of the template with this id: its first element. */
export function copy(id) {
  return byId(id).content.firstElementChild.cloneNode(true);
}

/** Makes an element with a class and a text. */
export function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

/** Writes a text where it differs, so that nothing is read out twice. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Points an icon at a symbol of the page. */
export function setIcon(element, name) {
  element.querySelector("use").setAttribute("href", `#i-${name}`);
}

/** A radio button inside its label; `parts` are the texts of its spans, by class. */
export function radio(name, value, isChecked, parts) {
  const label = make("label");
  const input = make("input");
  Object.assign(input, { type: "radio", name, value, checked: isChecked });
  label.append(input);
  for (const [className, text] of Object.entries(parts)) label.append(make("span", className, text));
  return label;
}

/** Plays a short animation by setting a class anew. */
export function pulse(element, className = "pulse") {
  element.classList.remove(className);
  // Reading the layout makes the browser see the class go.
  void element.offsetWidth;
  element.classList.add(className);
}
