// One run: its state, curves, figures, evaluation, settings, log and files.
import { act, address, get, getText } from "./api.js";
import { Charts } from "./charts.js";
import { age, cell, number } from "./format.js";
import { html, useEffect, useState } from "./h.js";
import { change } from "./view.js";

const PARTS = ["curves", "figures", "evaluation", "settings", "log", "environment", "files", "notes"];

function Json({ value }) {
  if (Array.isArray(value) && value.length > 0 && value.every((row) => row && typeof row === "object")) {
    const keys = Object.keys(value[0]);
    return html`<div class="wide"><table><thead><tr>${keys.map((key) => html`<th scope="col">${key}</th>`)}</tr></thead>
      <tbody>${value.map((row) => html`<tr>${keys.map((key) => html`<td>${cell("", row[key])}</td>`)}</tr>`)}</tbody></table></div>`;
  }
  if (value && typeof value === "object") {
    return html`<dl>${Object.entries(value).map(([key, one]) => html`<dt><strong>${key}</strong></dt><dd><${Json} value=${one} /></dd>`)}</dl>`;
  }
  return html`${number(value)}`;
}

function Figures({ run }) {
  const svg = run.figures.filter((figure) => figure.type === "svg");
  return svg.map((figure) => html`<figure key=${figure.file}>
    <figcaption>${figure.name}${figure.step === null ? "" : `, step ${figure.step}`}</figcaption>
    <img loading="lazy" alt=${`figure ${figure.name}`} src=${address("figure", { run: run.summary.name, file: figure.file, modified: figure.modified })} />
  </figure>`);
}

function Settings({ run }) {
  const [find, setFind] = useState("");
  const differs = ([, { value, default: usual }]) => JSON.stringify(value) !== JSON.stringify(usual);
  const rows = Object.entries(run.settings).filter(([key]) => key.includes(find));
  const ordered = [...rows.filter(differs), ...rows.filter((row) => !differs(row))];
  return html`<p><label>Find <input value=${find} onInput=${(event) => setFind(event.target.value)} /></label></p>
    <table><thead><tr><th scope="col">setting</th><th scope="col">here</th><th scope="col">default</th></tr></thead>
    <tbody>${ordered.map((row) => html`<tr class=${differs(row) ? "" : "faint"}><td>${row[0]}</td>
      <td>${JSON.stringify(row[1].value)}</td><td>${JSON.stringify(row[1].default)}</td></tr>`)}</tbody></table>`;
}

function Log({ name, told }) {
  const [log, setLog] = useState({ text: "", start: 0 });
  const [error, setError] = useState("");
  const refuse = (failed) => setError(failed.message);
  useEffect(() => {
    getText("log", { name }).then(setLog, refuse);
  }, [name]);
  useEffect(() => {
    if (told.kind === "log" && told.data.run === name) setLog((before) => ({ ...before, text: before.text + told.data.text }));
  }, [told.count]);
  const earlier = () => getText("log", { name, end: log.start }).then((more) => setLog({ text: more.text + log.text, start: more.start }), refuse);
  // Colours of a terminal are left out.
  const text = log.text.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "");
  return html`${error && html`<p class="bad">${error}</p>`}
    ${log.start > 0 && html`<button class="plain" onClick=${earlier}>earlier</button>`}<pre class="log">${text}</pre>`;
}

function Files({ run }) {
  const href = (file) => address("file", { run: run.summary.name, file: file.name });
  return html`<table><thead><tr><th scope="col">file</th><th scope="col">bytes</th></tr></thead>
    <tbody>${run.files.map((file) => html`<tr><td><a href=${href(file)}>${file.name}</a></td><td class="number">${file.bytes}</td></tr>`)}</tbody></table>`;
}

function Notes({ run, actions }) {
  const [text, setText] = useState(run.notes ?? "");
  const [said, setSaid] = useState("");
  const save = () => act("note", run.summary.name, text).then((done) => setSaid(done.done), (failed) => setSaid(failed.message));
  if (!actions) return html`<pre>${run.notes ?? "no notes; start the server with --allow-actions to write some"}</pre>`;
  return html`<p><label>Notes<br /><textarea rows="20" cols="80" value=${text} onInput=${(event) => setText(event.target.value)}></textarea></label></p>
    <button class="plain" onClick=${save}>save</button> <span role="status">${said}</span>`;
}

function Actions({ run }) {
  const [said, setSaid] = useState("");
  const { name, state } = run.summary;
  const allowed = { stop: state === "running", resume: ["interrupted", "failed", "lost"].includes(state), trash: state !== "running" };
  const perform = (action) => act(action, name).then((done) => setSaid(done.done), (failed) => setSaid(failed.message));
  return html`<p>${Object.keys(allowed).filter((action) => allowed[action]).map((action) =>
    html`<button class="plain" onClick=${() => perform(action)}>${action}</button> `)} <span role="status">${said}</span></p>`;
}

export function Run({ parameters, about, told }) {
  const { name, part = "curves" } = parameters;
  const [run, setRun] = useState(null);
  const [error, setError] = useState("");
  const changed = ["series", "resync"].includes(told.kind) ? told.count : 0;
  useEffect(() => {
    get("run", { name }).then(setRun, (failed) => setError(failed.message));
  }, [name, changed]);
  if (!run) return html`<p class=${error ? "bad" : "faint"}>${error || "loading…"}</p>`;
  const { summary, status } = run;
  const shown = {
    curves: () => html`<${Charts} runs=${[name]} told=${told} />`,
    figures: () => html`<${Figures} run=${run} />`,
    evaluation: () => html`<${Json} value=${run.evaluation} />`,
    settings: () => html`<${Settings} run=${run} />`,
    log: () => html`<${Log} name=${name} told=${told} />`,
    environment: () => html`<${Json} value=${run.environment} />`,
    files: () => html`<${Files} run=${run} />`,
    notes: () => html`<${Notes} run=${run} actions=${about?.actions} />`,
  };
  return html`<h2>${name}</h2>
    <p><span class=${`state-${summary.state}`} role="status">${summary.state}</span>, step ${summary.step} of ${summary.steps}
      ${status?.left_seconds ? `, ${age(status.left_seconds)} left` : ""} ${summary.message && html`<span class="bad">${summary.message}</span>`}</p>
    <p>Again: <code>${run.again}</code> <button class="plain" onClick=${() => navigator.clipboard.writeText(run.again)}>copy</button></p>
    ${about?.actions && html`<${Actions} run=${run} />`}
    <nav aria-label="parts">${PARTS.map((one) => html`<button aria-current=${one === part} onClick=${() => change({ part: one })}>${one}</button>`)}</nav>
    ${(shown[part] ?? shown.curves)()}`;
}
