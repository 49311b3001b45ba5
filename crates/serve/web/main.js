// The frame of every page, and the page that the address names.
import { get } from "./api.js";
import { listen } from "./events.js";
import { html, render, useEffect, useState } from "./h.js";
import { useKeys } from "./keys.js";
import { go, link, useView } from "./view.js";
import { Compare } from "./compare.js";
import { Run } from "./run.js";
import { Runs } from "./runs.js";
import { Sweep } from "./sweep.js";

const pages = { "/": Runs, "/run": Run, "/sweep": Sweep, "/compare": Compare };

function topics(path, parameters) {
  if (path === "/run") return `run:${parameters.name},log:${parameters.name}`;
  if (path === "/sweep") return `runs,sweep:${parameters.name}`;
  if (path === "/compare") return parameters.run.map((name) => `run:${name}`).join(",") || "runs";
  return "runs";
}

function Page() {
  const { path, parameters } = useView();
  const [about, setAbout] = useState(null);
  const [live, setLive] = useState(false);
  const [told, setTold] = useState({ kind: "resync", data: {}, count: 0 });
  const [error, setError] = useState("");
  const watch = topics(path, parameters);
  useKeys();
  useEffect(() => {
    get("about").then(setAbout, (failed) => setError(failed.message));
  }, []);
  useEffect(() => {
    const tell = (kind, data) => {
      // The page and the server ship together: another version is another page.
      if (kind === "hello" && about && data.version !== about.version) location.reload();
      if (kind !== "hello") setTold((before) => ({ kind, data, count: before.count + 1 }));
    };
    return listen(watch, tell, setLive);
  }, [watch, about?.version]);
  const Shown = pages[path] ?? Runs;
  const open = (event) => {
    event.preventDefault();
    go("/");
  };
  return html`
    <header>
      <h1><a href=${link("/")} onClick=${open}>umwelt</a></h1>
      <span>${about?.root_name}</span>
      <span role="status" class=${live ? "faint" : "bad"}>${live ? "live" : "not live"}</span>
      ${about?.digits && html`<a href=${link("/digits")}>digits</a>`}
      ${about?.warning && html`<span class="bad">${about.warning}</span>`}
    </header>
    <main tabindex="-1">
      ${error && html`<p class="bad" role="alert">${error}</p>`}
      <${Shown} parameters=${parameters} about=${about} told=${told} key=${path + (parameters.name ?? "")} />
    </main>`;
}

document.documentElement.dataset.theme = localStorage.getItem("theme") ?? "";
render(html`<${Page} />`, document.body);
