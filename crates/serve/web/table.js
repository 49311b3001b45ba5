// Tables that scroll within their own frame.
import { html } from "./h.js";

export function Wide({ label, children }) {
  return html`<div class="wide" tabindex="0" role="region" aria-label=${label}><table>${children}</table></div>`;
}

// The names of the columns, of which those from the place `numbers` on hold numbers.
export function Head({ names, numbers = names.length }) {
  return html`<thead><tr>${names.map((name, place) => html`<th scope="col" class=${place < numbers ? "" : "number"}>${name}</th>`)}</tr></thead>`;
}
