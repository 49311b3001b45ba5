// Runs side by side: settings that differ, scores with baselines, and one chart of each number.
import { get } from "./api.js";
import { Charts } from "./charts.js";
import { cell, number } from "./format.js";
import { html, useEffect, useState } from "./h.js";
import { change } from "./view.js";

function Side({ title, runs, rows }) {
  return html`<h2>${title}</h2><div class="wide"><table>
    <thead><tr><th scope="col">key</th>${runs.map((run) => html`<th scope="col">${run.name}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr><td>${row.key}</td>
      ${row.values.map((value) => html`<td class=${typeof value === "number" ? "number" : ""}>${cell("", value)}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

// The baselines of the scores as rows of their own, below the score that they belong to.
function withBaselines(scores) {
  return scores.flatMap((score) => {
    const names = [...new Set(score.baselines.flat().map((one) => one.name))];
    const value = (name) => score.baselines.map((known) => known.find((one) => one.name === name)?.value);
    return [score, ...names.map((name) => ({ key: `baseline: ${name}`, values: value(name).map(number) }))];
  });
}

export function Compare({ parameters, told }) {
  const { run: names, all } = parameters;
  const [compared, setCompared] = useState(null);
  const [error, setError] = useState("");
  useEffect(() => {
    get("compare", { run: names }).then(setCompared, (failed) => setError(failed.message));
  }, [names.join("\n")]);
  if (!compared) return html`<p class=${error ? "bad" : "faint"}>${error || "loading…"}</p>`;
  const settings = compared.settings.filter((setting) => all || setting.differs);
  return html`
    <p><label><input type="checkbox" checked=${all} onClick=${() => change({ all: !all })} /> all settings</label></p>
    <${Side} title="Settings" runs=${compared.runs} rows=${settings} />
    <${Side} title="Scores" runs=${compared.runs} rows=${withBaselines(compared.scores)} />
    <h2>Curves</h2><${Charts} runs=${names} told=${told} />`;
}
