import { Problem } from "./problem.js";

/**
 * Let `work(values)` handle a form's submission. Meanwhile its button is off; a Problem that it throws is shown beside
 * the fields that it names, and above them when it names none.
 */
export function handle(form, work) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button[type=submit]");
    if (button.disabled) return;
    clear(form);
    button.disabled = true;
    try {
      await work(Object.fromEntries(new FormData(form)));
    } catch (error) {
      show(form, error instanceof Problem ? error : new Problem({ detail: "Something went wrong in this page." }));
      if (!(error instanceof Problem)) throw error;
    } finally {
      button.disabled = false;
    }
  });
}

/** Forget what was typed and what was wrong with it. */
export function empty(form) {
  form.reset();
  clear(form);
}

function show(form, problem) {
  const unplaced = [];
  for (const [name, reasons] of Object.entries(problem.errors)) {
    const input = form.elements.namedItem(name);
    if (input instanceof HTMLInputElement) mark(input, reasons.join(" "));
    else unplaced.push(...reasons);
  }
  const first = form.querySelector("[aria-invalid=true]");
  if (first === null || unplaced.length > 0) tell(form, unplaced.join(" ") || problem.advice);
  (first ?? form.elements[0]).focus();
}

function mark(input, why) {
  const place = document.getElementById(`${input.id}-why`);
  place.textContent = why;
  place.hidden = false;
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", place.id);
}

function tell(form, why) {
  const place = form.querySelector("[role=alert]");
  place.textContent = why;
  place.hidden = false;
}

function clear(form) {
  for (const input of form.querySelectorAll("input")) {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  }
  for (const place of form.querySelectorAll(".why, [role=alert]")) {
    place.textContent = "";
    place.hidden = true;
  }
}
