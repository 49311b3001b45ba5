// The state of the page, all of it in its address.
import { base, queryOf } from "./api.js";
import { useEffect, useState } from "./h.js";

const changed = new EventTarget();
addEventListener("popstate", () => changed.dispatchEvent(new Event("view")));

// The page's path below the base, and its parameters: a text, or a list for `run`.
export function view() {
  const query = new URLSearchParams(location.search);
  const parameters = Object.fromEntries(query);
  parameters.run = query.getAll("run");
  return { path: location.pathname.slice(base.length) || "/", parameters };
}

// Changes parameters of this page; another page is a new entry in the history.
export function change(parameters) {
  const next = { ...view().parameters, ...parameters };
  history.replaceState(null, "", `${location.pathname}?${queryOf(next)}`);
  changed.dispatchEvent(new Event("view"));
}

export function go(path, parameters = {}) {
  history.pushState(null, "", link(path, parameters));
  changed.dispatchEvent(new Event("view"));
  document.querySelector("main")?.focus();
}

export function link(path, parameters = {}) {
  const query = queryOf(parameters);
  return `${base}${path}${query ? `?${query}` : ""}`;
}

export function useView() {
  const [now, set] = useState(view);
  useEffect(() => {
    const update = () => set(view());
    changed.addEventListener("view", update);
    return () => changed.removeEventListener("view", update);
  }, []);
  return now;
}
