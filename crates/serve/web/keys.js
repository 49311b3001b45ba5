// Keys of every page; `?` lists them. Elements with `data-key` are focused or clicked by their key.
import { html, useEffect, useRef } from "./h.js";

const KEYS = {
  "/": "filter",
  "j k": "next and previous row",
  x: "pick the row",
  Enter: "open the row",
  c: "compare the picked runs",
  g: "group",
  s: "smoothing",
  l: "log y",
  "[ ]": "the run before and after",
  e: "export",
  t: "light, dark or as the system",
  "?": "these keys",
  Esc: "leave the field, close",
};

export function theme() {
  const next = { "": "dark", dark: "light", light: "" }[document.documentElement.dataset.theme ?? ""];
  document.documentElement.dataset.theme = next;
  localStorage.setItem("theme", next);
  dispatchEvent(new Event("theme"));
}

// Calls `again` when the colours change.
export function useTheme(again) {
  useEffect(() => {
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", again);
    addEventListener("theme", again);
    return () => {
      scheme.removeEventListener("change", again);
      removeEventListener("theme", again);
    };
  }, []);
}

function move(by) {
  const rows = [...document.querySelectorAll("tbody tr[data-row]")];
  const now = rows.indexOf(document.activeElement?.closest("tr[data-row]"));
  rows[Math.min(rows.length - 1, Math.max(0, now + by))]?.querySelector("a")?.focus();
}

function use(key) {
  const element = document.querySelector(`[data-key="${key}"]`);
  if (element?.matches("button, a, [type=checkbox]")) element.click();
  element?.focus();
  return element;
}

function press(event, help) {
  const field = event.target.closest("input:not([type=checkbox]), select, textarea, [role=application]");
  if (event.key === "Escape") return field?.blur();
  if (field || event.ctrlKey || event.metaKey || event.altKey) return;
  const row = document.activeElement?.closest("tr[data-row]");
  const done = {
    j: () => move(1),
    k: () => move(-1),
    x: () => row?.querySelector('input[type="checkbox"]')?.click(),
    t: theme,
    "?": help,
  }[event.key];
  if (done) done();
  if (done || ("/cgsle[]".includes(event.key) && use(event.key))) event.preventDefault();
}

export function useKeys(help) {
  useEffect(() => {
    const pressed = (event) => press(event, help);
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}

export function Help({ close }) {
  const dialog = useRef(null);
  useEffect(() => dialog.current.showModal(), []);
  return html`<dialog ref=${dialog} onClose=${close} aria-label="keys"><h2>Keys</h2><dl class="keys">
    ${Object.entries(KEYS).map(([key, text]) => html`<dt><kbd>${key}</kbd></dt><dd>${text}</dd>`)}</dl>
    <button class="plain" onClick=${() => dialog.current.close()}>close</button></dialog>`;
}
