// Tables that scroll within their own frame.
import { html } from "./h.js";

export function Wide({ label, children }) {
  return html`<div class="wide" tabindex="0" role="region" aria-label=${label}><table>${children}</table></div>`;
}

export function Head({ names }) {
  return html`<thead><tr>${names.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>`;
}
