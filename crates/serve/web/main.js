// The frame of every page, and the page that the address names.
import { base, get } from "./api.js";
import { listen } from "./events.js";
import { html, render, useEffect, useState } from "./h.js";
import { Help, theme, useKeys } from "./keys.js";
import { go, link, useView } from "./view.js";
import { Compare } from "./compare.js";
import { Run } from "./run.js";
import { Runs } from "./runs.js";
import { Sweep } from "./sweep.js";
import { Worlds } from "./worlds.js";

const pages = { "/": Runs, "/run": Run, "/sweep": Sweep, "/compare": Compare, "/worlds": Worlds };

function topics(path, parameters) {
  if (path === "/run") return `run:${parameters.name},log:${parameters.name}`;
  if (path === "/sweep") return `runs,sweep:${parameters.name}`;
  if (path === "/compare") return parameters.run.map((name) => `run:${name}`).join(",") || "runs";
  return pages[path] ? ["runs", ...parameters.run.map((name) => `run:${name}`)].join(",") : `room:${path.slice(1)}`;
}

function Missing() {
  return html`<p class="bad" role="alert">There is no page at this address; the line above leads to those that there are.</p>`;
}

// The component of a page; a room's is loaded when it is opened.
function usePage(path) {
  const [rooms, setRooms] = useState({});
  useEffect(() => {
    if (pages[path] || rooms[path]) return;
    const name = path.slice(1);
    const module = name.slice(name.lastIndexOf("/") + 1);
    const put = (room) => setRooms((known) => ({ ...known, [path]: room }));
    import(`${base}/web/${name}/${module}.js`).then((room) => put(room.Room), () => put(Missing));
  }, [path]);
  return pages[path] ?? rooms[path];
}

function Link({ path, parameters, title, here }) {
  const open = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(path, parameters);
  };
  return html`<a href=${link(path, parameters)} aria-current=${here ? "page" : undefined} onClick=${open}>${title}</a>`;
}

function Page() {
  const { path, parameters } = useView();
  const [about, setAbout] = useState(null);
  const [live, setLive] = useState(null);
  const [told, setTold] = useState({ kind: "resync", data: {}, count: 0 });
  const [error, setError] = useState("");
  const [help, setHelp] = useState(false);
  const watch = topics(path, parameters);
  useKeys(() => setHelp((shown) => !shown));
  useEffect(() => {
    document.title = [parameters.name ?? (path === "/" ? "runs" : path.slice(1)), "umwelt"].join(" · ");
  }, [path, parameters.name]);
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
  const Shown = usePage(path);
  const rooms = about?.rooms ?? [];
  return html`
    <header>
      <h1>umwelt <span class="faint">${about?.root_name}</span></h1>
      <nav aria-label="pages"><${Link} path="/" title="Runs" here=${path === "/"} />
        ${rooms.map(({ name, title }) => html`<${Link} path=${`/${name}`} title=${title} here=${path === `/${name}`} />`)}</nav>
      <span role="status" aria-label="connection" class=${live === false ? "bad" : "faint"}>${live === false ? "not live" : live ? "live" : "connecting"}</span>
      ${about?.warning && html`<span class="bad">${about.warning}</span>`}
      <span class="end"><button class="plain" onClick=${theme}>light or dark</button>
        <button class="plain" aria-expanded=${help} onClick=${() => setHelp(!help)}>keys</button></span>
    </header>
    ${help && html`<${Help} close=${() => setHelp(false)} />`}
    <main tabindex="-1">
      ${error && html`<p class="bad" role="alert">${error}</p>`}
      ${Shown && html`<${Shown} parameters=${parameters} about=${about} told=${told} key=${path + (parameters.name ?? "")} />`}
    </main>`;
}

document.documentElement.dataset.theme = localStorage.getItem("theme") ?? "";
render(html`<${Page} />`, document.body);
