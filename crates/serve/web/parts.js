// The parts of a run's page but its curves.
import { act, address, getText } from "./api.js";
import { cell, number } from "./format.js";
import { html, useEffect, useState } from "./h.js";
import { Head, Wide } from "./table.js";

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

// The entries of an object; those of the objects in it too, by names such as `score.rmse_px`.
function entries(object, before = "") {
  return Object.entries(object).flatMap(([key, value]) => (isObject(value) ? entries(value, `${before}${key}.`) : [[`${before}${key}`, value]]));
}

// A JSON value: lists of objects as tables, objects as rows of names and values.
export function Json({ value, label = "values" }) {
  if (Array.isArray(value) && value.length > 0 && value.every(isObject)) {
    const rows = value.map((row) => new Map(entries(row)));
    const keys = [...new Set(rows.flatMap((row) => [...row.keys()]))];
    const isNumber = (key) => rows.every((row) => [undefined, null].includes(row.get(key)) || typeof row.get(key) === "number");
    const kinds = keys.map((key) => (isNumber(key) ? "number" : ""));
    return html`<${Wide} label=${label}>
      <thead><tr>${keys.map((key, place) => html`<th scope="col" class=${kinds[place]}>${key}</th>`)}</tr></thead>
      <tbody>${rows.map((row) => html`<tr>${keys.map((key, place) => html`<td class=${kinds[place]}>${cell("", row.get(key))}</td>`)}</tr>`)}</tbody><//>`;
  }
  if (Array.isArray(value)) return html`<span class="long">${value.map((one) => cell("", one)).join(", ")}</span>`;
  if (isObject(value)) {
    return html`<dl class="json">${Object.entries(value).map(([key, one]) => html`<dt>${key}</dt><dd><${Json} value=${one} label=${key} /></dd>`)}</dl>`;
  }
  if (label.endsWith("_at") && typeof value === "number") return html`<span>${new Date(1000 * value).toLocaleString()}</span>`;
  return html`<span class="long">${value === null ? "–" : typeof value === "boolean" ? String(value) : number(value)}</span>`;
}

// The figures by name; one that exists for several steps has a slider over them.
export function Figures({ run }) {
  const names = [...new Set(run.figures.map((figure) => figure.name))];
  if (names.length === 0) return html`<p class="faint">no figures yet</p>`;
  return names.map((name) => html`<${Steps} key=${name} name=${name} run=${run.summary.name} all=${run.figures.filter((figure) => figure.name === name)} />`);
}

function Steps({ name, run, all }) {
  const [chosen, setChosen] = useState(null);
  const kind = all.some((figure) => figure.type === "svg") ? "svg" : "png";
  const steps = all.filter((figure) => figure.type === kind).sort((a, b) => (a.step ?? Infinity) - (b.step ?? Infinity));
  const place = Math.min(chosen ?? steps.length - 1, steps.length - 1);
  const figure = steps[place];
  const source = address("figure", { run, file: figure.file, modified: figure.modified });
  return html`<figure class="drawn"><figcaption><strong>${name}</strong>${figure.step === null ? "" : ` step ${figure.step}`}
      ${steps.length > 1 && html`<label>step <input type="range" min="0" max=${steps.length - 1} value=${place} onInput=${(event) => setChosen(Number(event.target.value))} /></label>`}</figcaption>
    <img loading="lazy" alt=${`figure ${name}`} src=${source} /></figure>`;
}

export function Settings({ run }) {
  const [find, setFind] = useState("");
  const differs = ([, { value, default: usual }]) => JSON.stringify(value) !== JSON.stringify(usual);
  const rows = Object.entries(run.settings).filter(([key]) => key.includes(find));
  const ordered = [...rows.filter(differs), ...rows.filter((row) => !differs(row))];
  const changed = ordered.filter(differs).map(([key, { value }]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  return html`<p class="controls"><label>Find <input value=${find} onInput=${(event) => setFind(event.target.value)} /></label>
      <button class="plain" onClick=${() => navigator.clipboard.writeText(`--values ${changed.join(" ")}`)}>copy the changed ones as --values</button></p>
    <${Wide} label="settings"><${Head} names=${["setting", "here", "default"]} />
    <tbody>${ordered.map((row) => html`<tr class=${differs(row) ? "" : "faint"}><td>${row[0]}</td>
      <td>${JSON.stringify(row[1].value)}</td><td>${JSON.stringify(row[1].default) ?? ""}</td></tr>`)}</tbody><//>`;
}

export function Log({ name, told }) {
  const [log, setLog] = useState(null);
  const [error, setError] = useState("");
  const refuse = (failed) => setError(failed.message);
  useEffect(() => {
    getText("log", { name }).then(setLog, refuse);
  }, [name]);
  useEffect(() => {
    if (log && told.kind === "log" && told.data.run === name) setLog({ ...log, text: log.text + told.data.text });
  }, [told.count]);
  if (!log) return html`<p class=${error ? "bad" : "faint"}>${error || "loading…"}</p>`;
  const earlier = () => getText("log", { name, end: log.start }).then((more) => setLog({ text: more.text + log.text, start: more.start }), refuse);
  // Colours of a terminal are left out, and of a line that was written over its last state is kept.
  const text = log.text.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "").replace(/[^\n]*\r(?!\n)/g, "");
  return html`${error && html`<p class="bad">${error}</p>`}
    ${log.start > 0 && html`<button class="plain" onClick=${earlier}>earlier</button>`}
    <pre class="log" tabindex="0">${text || "nothing was printed"}</pre>`;
}

export function Files({ run }) {
  const href = (file) => address("file", { run: run.summary.name, file: file.name });
  return html`<${Wide} label="files"><${Head} names=${["file", "bytes"]} />
    <tbody>${run.files.map((file) => html`<tr><td><a href=${href(file)}>${file.name}</a></td><td class="number">${file.bytes}</td></tr>`)}</tbody><//>`;
}

export function Notes({ run, actions }) {
  const [text, setText] = useState(run.notes ?? "");
  const [said, setSaid] = useState("");
  const save = () => act("note", run.summary.name, text).then((done) => setSaid(done.done), (failed) => setSaid(failed.message));
  if (!actions) return html`<pre>${run.notes ?? "no notes; start the server with --allow-actions to write some"}</pre>`;
  return html`<p><label>Notes<br /><textarea rows="16" value=${text} onInput=${(event) => setText(event.target.value)}></textarea></label></p>
    <p class="controls"><button class="plain" onClick=${save}>save</button><span role="status">${said}</span></p>`;
}
