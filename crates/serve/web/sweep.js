// A sweep: where it stands, its report, what mattered, and its trials.
import { address, get } from "./api.js";
import { cell, number } from "./format.js";
import { html, useEffect, useState } from "./h.js";
import { Best, Parallel, Scatter } from "./parallel.js";
import { Head, Wide } from "./table.js";
import { change, go, link } from "./view.js";

function RunLink({ name, text }) {
  const open = (event) => {
    event.preventDefault();
    go("/run", { name });
  };
  return html`<a href=${link("/run", { name })} title=${name} onClick=${open}>${text ?? name}</a>`;
}

function Importance({ importance }) {
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  return html`<h2>Importance</h2><p class="faint">by ${importance.method}</p><${Wide} label="importance">
    <${Head} names=${["setting", "share", "n", "bar"]} />
    <tbody>${importance.bars.map((bar) => html`<tr><td>${bar.key}</td><td class="number">${percent(bar.share)}</td>
      <td class="number">${bar.n}</td><td><meter min="0" max="1" value=${bar.share} aria-label=${`${bar.key}: ${percent(bar.share)}`}></meter></td></tr>`)}</tbody><//>`;
}

function Trials({ sweep, trials }) {
  const keys = sweep.parameters.map((parameter) => parameter.key);
  const short = (name) => name.slice(name.lastIndexOf("/") + 1);
  return html`<h2>Trials</h2><p class="faint">${trials.length} of ${sweep.trials.length}</p>
    <${Wide} label="trials"><${Head} names=${["run", "state", ...keys, "seed", sweep.metric?.name ?? "score"]} />
    <tbody>${trials.map((trial) => html`<tr data-row key=${trial.run}><td class="first"><${RunLink} name=${trial.run} text=${short(trial.run)} /></td>
      <td class=${`state-${trial.state}`} title=${trial.error}>${trial.state}</td>
      ${keys.map((key) => html`<td class=${typeof trial.values[key] === "number" ? "number" : ""}>${cell("", trial.values[key])}</td>`)}
      <td class="number">${trial.seed}</td><td class="number">${number(trial.score)}</td></tr>`)}</tbody><//>`;
}

function Standing({ standing }) {
  return html`<p role="status">${standing.runs} runs: ${Object.entries(standing.counts).map(([state, count], place) =>
      html`${place > 0 ? ", " : ""}<span class=${`state-${state}`}>${count} ${state}</span>`)}</p>
    ${standing.failed.length > 0 && html`<ul class="failed">${standing.failed.map((one) => html`<li><${RunLink} name=${one.run} />: <span class="bad">${one.error}</span></li>`)}</ul>`}`;
}

function Report({ sweep, file }) {
  const { report, name } = sweep;
  if (report.error) return html`<h2>Report</h2><p class="faint">${report.error}</p>`;
  return html`<h2>Report</h2><figure class="drawn"><figcaption>
      ${["svg", "png", "csv"].map((kind) => html`<a href=${file(kind)} download data-key="e" aria-label=${`report as ${kind}`}>${kind}</a>`)}</figcaption>
    <img alt=${`report of ${name}; the table below has its numbers`} src=${`data:image/svg+xml,${encodeURIComponent(report.figure)}`} /></figure>
    <pre tabindex="0">${report.table}</pre>`;
}

export function Sweep({ parameters, told }) {
  const { name, metric } = parameters;
  const [sweep, setSweep] = useState(null);
  const [picked, setPicked] = useState(null);
  const [error, setError] = useState("");
  const changed = ["sweep", "resync"].includes(told.kind) ? told.count : 0;
  useEffect(() => {
    get("sweep", { name, metric }).then(setSweep, (failed) => setError(failed.message));
  }, [name, metric, changed]);
  if (!sweep) return html`<p class=${error ? "bad" : "faint"} data-loading=${error ? undefined : ""}>${error || "loading…"}</p>`;
  const trials = picked ? sweep.trials.filter((_, index) => picked.has(index)) : sweep.trials;
  const file = (kind) => address("export", { view: "sweep", as: kind, name, metric });
  return html`<h2 class="name">${name}</h2>
    <${Standing} standing=${sweep.standing} />
    ${sweep.best.length > 0 && html`<p>Best of ${sweep.metric.title || sweep.metric.name}: <${RunLink} name=${sweep.best.at(-1).run} />, ${number(sweep.best.at(-1).score)}</p>`}
    <${Report} sweep=${sweep} file=${file} />
    ${sweep.trials.some((trial) => trial.score !== null) && html`<${Parallel} sweep=${sweep} pick=${setPicked} />
      <div class="charts"><${Scatter} sweep=${sweep} setting=${parameters.setting} choose=${(setting) => change({ setting })} /><${Best} sweep=${sweep} /></div>`}
    ${sweep.importance && html`<${Importance} importance=${sweep.importance} />`}
    <${Trials} sweep=${sweep} trials=${trials} />`;
}
