// Runs side by side: settings that differ, scores with baselines, curves and figures.
import { address, get } from "./api.js";
import { Charts } from "./charts.js";
import { cell, short } from "./format.js";
import { html, useEffect, useState } from "./h.js";
import { Head, Wide } from "./table.js";
import { change } from "./view.js";

function Side({ title, runs, rows, more = [] }) {
  const kind = (value) => (typeof value === "number" ? "number" : "");
  return html`<h2>${title}</h2>${rows.length === 0 ? html`<p class="faint">none</p>` : html`<${Wide} label=${title}>
    <${Head} names=${["key", ...short(runs.map((run) => run.name)), ...more]} />
    <tbody>${rows.map((row) => html`<tr class=${row.faint ? "faint" : ""}><td>${row.key}</td>
      ${row.values.map((value) => html`<td class=${kind(value)}>${cell("", value)}</td>`)}</tr>`)}</tbody><//>`}`;
}

// The baselines of the scores as rows of their own below their score; for two runs the difference.
function withBaselines(scores) {
  return scores.flatMap((score) => {
    const names = [...new Set(score.baselines.flat().map((one) => one.name))];
    const value = (name) => score.baselines.map((known) => known.find((one) => one.name === name)?.value);
    const [a, b] = score.values;
    const differs = score.values.length === 2 && typeof a === "number" && typeof b === "number";
    const arrow = score.lower_is_better === true ? " ↓" : score.lower_is_better === false ? " ↑" : "";
    const own = { key: `${score.key}${arrow}${score.unit ? ` (${score.unit})` : ""}`, values: [...score.values, ...(differs ? [b - a] : [])] };
    return [own, ...names.map((name) => ({ key: `baseline: ${name}`, values: value(name), faint: true }))];
  });
}

function Figures({ names }) {
  const [all, setAll] = useState([]);
  useEffect(() => {
    Promise.all(names.slice(0, 6).map((name) => get("run", { name }))).then(setAll, () => setAll([]));
  }, [names.join("\n")]);
  const titles = [...new Set(all.flatMap((run) => run.figures.filter((one) => one.type === "svg" && one.step === null).map((one) => one.name)))];
  const picture = (run, title) => {
    const figure = run.figures.find((one) => one.name === title && one.type === "svg" && one.step === null);
    return figure && html`<figure class="drawn"><figcaption>${run.summary.name}</figcaption><img loading="lazy" alt=${`${title} of ${run.summary.name}`}
      src=${address("figure", { run: run.summary.name, file: figure.file, modified: figure.modified })} /></figure>`;
  };
  return titles.map((title) => html`<details key=${title}><summary>${title}</summary><div class="charts">${all.map((run) => picture(run, title))}</div></details>`);
}

export function Compare({ parameters, told }) {
  const { run: names, all } = parameters;
  const [compared, setCompared] = useState(null);
  const [error, setError] = useState("");
  useEffect(() => {
    get("compare", { run: names }).then(setCompared, (failed) => setError(failed.message));
  }, [names.join("\n")]);
  if (!compared) return html`<p class=${error ? "bad" : "faint"} data-loading=${error ? undefined : ""}>${error || "loading…"}</p>`;
  const settings = compared.settings.filter((setting) => all || setting.differs);
  return html`<h2 class="unseen">Comparison</h2>
    <p><label><input type="checkbox" checked=${Boolean(all)} onClick=${() => change({ all: !all })} /> all settings</label></p>
    <${Side} title="Settings" runs=${compared.runs} rows=${settings} />
    <${Side} title="Scores" runs=${compared.runs} rows=${withBaselines(compared.scores)} more=${names.length === 2 ? ["second less first"] : []} />
    <h2>Curves</h2><${Charts} runs=${names} told=${told} />
    <h2>Figures</h2><${Figures} names=${names} />`;
}
