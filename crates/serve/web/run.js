// One run: its state, curves, figures, evaluation, settings, log and files.
import { act, get } from "./api.js";
import { Charts } from "./charts.js";
import { age, number } from "./format.js";
import { html, useEffect, useState } from "./h.js";
import { Figures, Files, Json, Log, Notes, Settings } from "./parts.js";
import { change, go, link } from "./view.js";

const PARTS = ["curves", "figures", "evaluation", "settings", "log", "environment", "files", "notes"];

function Actions({ run, told }) {
  const [said, setSaid] = useState("");
  const { name, state } = run.summary;
  const allowed = { stop: state === "running", resume: ["interrupted", "failed", "lost"].includes(state), trash: state !== "running" };
  const tell = (done) => {
    setSaid(done.done);
    told();
  };
  const perform = (action) => act(action, name).then(tell, (failed) => setSaid(failed.message));
  return html`<p class="controls">${Object.keys(allowed).filter((action) => allowed[action]).map((action) =>
    html`<button class="plain" onClick=${() => perform(action)}>${action}</button>`)}<span role="status">${said}</span></p>`;
}

// Links to the runs before and after, of the same sweep.
function Neighbours({ name }) {
  const [names, setNames] = useState([]);
  const sweep = name.includes("/") ? name.slice(0, name.lastIndexOf("/")) : "";
  useEffect(() => {
    get("runs", { sweep, sort: "name", columns: "state", count: 1000 }).then((table) => setNames(table.rows.map((row) => row.name)), () => setNames([]));
  }, [sweep]);
  const place = names.indexOf(name);
  const to = (other, key, text) => other && html`<a data-key=${key} title=${other} href=${link("/run", { name: other })}
    onClick=${(event) => { event.preventDefault(); go("/run", { name: other }); }}>${text}</a>`;
  return html`<nav aria-label="neighbours" class="controls">
    ${sweep && html`<a href=${link("/sweep", { name: sweep })} onClick=${(event) => { event.preventDefault(); go("/sweep", { name: sweep }); }}>${sweep}</a>`}
    ${place >= 0 && to(names[place - 1], "[", "← before")} ${place >= 0 && to(names[place + 1], "]", "after →")}</nav>`;
}

// The scores of the last evaluation with their baselines.
function Scores({ evaluation }) {
  const scores = evaluation?.scores ?? [];
  if (!Array.isArray(scores) || scores.length === 0) return null;
  const shown = scores.filter((score) => evaluation.headline?.includes(score.name));
  const unit = (score) => (score.unit ? ` ${score.unit}` : "");
  const distance = (score, one) => Math.abs(one.value - score.value);
  // The two nearest baselines of a score.
  const baselines = (score) => (evaluation.baselines ?? []).filter((one) => one.of === score.name)
    .sort((a, b) => distance(score, a) - distance(score, b)).slice(0, 2).map((one) => `${one.name} ${number(one.value)}`).join(", ");
  return html`<dl class="scores">${(shown.length > 0 ? shown : scores.slice(0, 4)).map((score) => html`<div><dt>${score.title || score.name}</dt>
    <dd><strong>${number(score.value)}</strong>${unit(score)} <span class="faint">${baselines(score)}</span></dd></div>`)}</dl>`;
}

export function Run({ parameters, about, told }) {
  const { name, part = "curves" } = parameters;
  const [run, setRun] = useState(null);
  const [error, setError] = useState("");
  const [acted, setActed] = useState(0);
  const changed = ["series", "runs", "resync"].includes(told.kind) ? told.count : 0;
  useEffect(() => {
    get("run", { name }).then(setRun, (failed) => setError(failed.message));
  }, [name, changed, acted]);
  if (!run) return html`<p class=${error ? "bad" : "faint"} data-loading=${error ? undefined : ""}>${error || "loading…"}</p>`;
  const { summary, status } = run;
  const shown = {
    curves: () => html`<${Charts} runs=${[name]} told=${told} />`,
    figures: () => html`<${Figures} run=${run} />`,
    evaluation: () => (run.evaluation ? html`<${Json} value=${run.evaluation} />` : html`<p class="faint">not evaluated yet</p>`),
    settings: () => html`<${Settings} run=${run} />`,
    log: () => html`<${Log} name=${name} told=${told} />`,
    environment: () => html`<${Json} value=${{ ...run.environment, command: run.command }} />`,
    files: () => html`<${Files} run=${run} />`,
    notes: () => html`<${Notes} run=${run} actions=${about?.actions} />`,
  };
  const left = status?.left_seconds ? `, ${age(status.left_seconds)} left` : "";
  return html`<h2 class="name">${name}</h2>
    <${Neighbours} name=${name} />
    ${run.room && html`<p><a href=${link(`/${run.room.name}`, { run: name })}>Ask its model in ${run.room.title}</a></p>`}
    <p><span class=${`state-${summary.state}`} role="status">${summary.state}</span>, step ${summary.step} of ${summary.steps}${left}
      ${summary.heartbeat && summary.state === "running" ? `, seen ${new Date(1000 * summary.heartbeat).toLocaleTimeString()}` : ""}
      ${summary.message && html`<span class="bad"> ${summary.message}</span>`}</p>
    <${Scores} evaluation=${run.evaluation} />
    <details><summary>the command that runs it again</summary><pre class="command">${run.again}</pre>
      <button class="plain" onClick=${() => navigator.clipboard.writeText(run.again)}>copy</button></details>
    ${about?.actions && html`<${Actions} run=${run} told=${() => setActed(acted + 1)} />`}
    <nav aria-label="parts">${PARTS.map((one) => html`<button aria-current=${one === part} onClick=${() => change({ part: one })}>${one}</button>`)}</nav>
    ${(shown[part] ?? shown.curves)()}`;
}
