// Keys of every page; `?` lists them.
import { useEffect } from "./h.js";

export const KEYS = {
  "/": "filter",
  "j k": "next and previous row",
  x: "pick the row",
  Enter: "open the row",
  c: "compare the picked runs",
  t: "light, dark or as the system",
  Esc: "leave the field",
};

function theme() {
  const next = { "": "dark", dark: "light", light: "" }[document.documentElement.dataset.theme ?? ""];
  document.documentElement.dataset.theme = next;
  localStorage.setItem("theme", next);
}

function move(by) {
  const rows = [...document.querySelectorAll("tbody tr[data-row]")];
  const now = rows.indexOf(document.activeElement?.closest("tr[data-row]"));
  rows[Math.min(rows.length - 1, Math.max(0, now + by))]?.querySelector("a")?.focus();
}

function press(event) {
  const field = event.target.closest("input, select, textarea");
  if (event.key === "Escape") return field?.blur();
  if (field || event.ctrlKey || event.metaKey || event.altKey) return;
  const row = document.activeElement?.closest("tr[data-row]");
  const done = {
    "/": () => document.querySelector("input.filter")?.focus(),
    j: () => move(1),
    k: () => move(-1),
    x: () => row?.querySelector('input[type="checkbox"]')?.click(),
    c: () => document.querySelector("[data-compare]")?.click(),
    t: theme,
  }[event.key];
  if (done) {
    event.preventDefault();
    done();
  }
}

export function useKeys() {
  useEffect(() => {
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}
