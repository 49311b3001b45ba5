// The pages that ask the models of runs, with the runs that each can open.
import { html } from "./h.js";
import { useRuns } from "./model.js";
import { link } from "./view.js";

// The runs that are named.
const SHOWN = 5;

function World({ name, title, told }) {
  const [found, error] = useRuns(name, told.count);
  const runs = found?.runs.slice(0, SHOWN) ?? [];
  const more = (found?.total ?? 0) - runs.length;
  return html`<h2><a href=${link(`/${name}`)}>${title}</a></h2>
    ${error && html`<p class="bad" role="alert">${error}</p>`}
    ${!found && !error && html`<p class="faint" data-loading>loading…</p>`}
    ${found?.total === 0 && html`<p class="faint">No run of this world is below this folder yet.</p>`}
    <ul>${runs.map((run) => html`<li key=${run.name}><a href=${link(`/${name}`, { run: run.name })}>${run.name}</a> <span class=${`state-${run.state}`}>${run.state}</span></li>`)}</ul>
    ${more > 0 && html`<p class="faint">and ${more} more</p>`}`;
}

export function Worlds({ about, told }) {
  const worlds = about?.rooms.filter(({ name }) => name.startsWith("worlds/")) ?? [];
  return html`<p class="lead">Each world has a page on which the trained model of a run is asked.</p>
    ${worlds.map(({ name, title }) => html`<${World} key=${name} name=${name} title=${title} told=${told} />`)}`;
}
