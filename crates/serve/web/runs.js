// The table of runs, and charts of the picked ones.
import { get } from "./api.js";
import { Charts } from "./charts.js";
import { cell } from "./format.js";
import { html, useEffect, useState } from "./h.js";
import { change, go, link } from "./view.js";

const WINDOW = 200;

function Header({ column, sort, reverse }) {
  const sorted = sort === column.key;
  const turn = () => change({ sort: column.key, reverse: sorted && !reverse });
  const direction = sorted ? (reverse ? "descending" : "ascending") : "none";
  return html`<th scope="col" aria-sort=${direction}>
    <button onClick=${turn} title=${column.unit || column.kind}>
      ${column.key}${sorted ? (reverse ? " ↓" : " ↑") : ""}
    </button>
  </th>`;
}

function Row({ row, columns, picked, pick }) {
  const open = (event) => {
    event.preventDefault();
    go("/run", { name: row.name });
  };
  const value = (column, place) => {
    const shown = row.values[place];
    const kind = typeof shown === "number" ? "number" : "";
    return html`<td class=${column.key === "state" ? `state-${shown}` : kind}>${cell(column.key, shown)}</td>`;
  };
  return html`<tr data-row aria-selected=${picked}>
    <td><input type="checkbox" aria-label=${`pick ${row.name}`} checked=${picked} onClick=${pick} /></td>
    <td><a href=${link("/run", { name: row.name })} onClick=${open}>${row.name}</a></td>
    ${columns.map(value)}
  </tr>`;
}

function Groups({ groups, columns }) {
  const shown = columns.filter((column) => groups.some((group) => column.key in group.means));
  const value = (group, key) => {
    const [mean, deviation] = [group.means[key], group.deviations[key]];
    return typeof deviation === "number" ? `${cell("", mean)} ± ${cell("", deviation)}` : cell("", mean);
  };
  return html`<table>
    <thead><tr><th scope="col">group</th><th scope="col">n</th>${shown.map((column) => html`<th scope="col">${column.key}</th>`)}</tr></thead>
    <tbody>${groups.map(
      (group) => html`<tr data-row><td>${group.key}</td><td class="number">${group.n}</td>
        ${shown.map((column) => html`<td class="number">${value(group, column.key)}</td>`)}</tr>`,
    )}</tbody>
  </table>`;
}

export function Runs({ parameters, told, about }) {
  const { where = "", sort = "age", reverse, from = 0, group = "", run: picked } = parameters;
  const [table, setTable] = useState(null);
  const [error, setError] = useState("");
  const changed = told.kind === "runs" || told.kind === "resync" ? told.count : 0;
  useEffect(() => {
    const stop = new AbortController();
    const show = (answer) => {
      setTable(answer);
      setError("");
    };
    const refuse = (failed) => failed.name !== "AbortError" && setError(failed.message);
    get("runs", { where, sort, reverse, group, from, count: WINDOW }, stop.signal).then(show, refuse);
    return () => stop.abort();
  }, [where, sort, reverse, group, from, changed]);
  const pick = (name) => change({ run: picked.includes(name) ? picked.filter((one) => one !== name) : [...picked, name] });
  const first = Number(from);
  return html`
    <p>
      <label>Filter <input class="filter" value=${where} placeholder="model_type=VICReg score<2 name~noise"
        onChange=${(event) => change({ where: event.target.value, from: 0 })} /></label>
      <label> Group by <input value=${group} list="groups" placeholder="seed, sweep or a setting"
        onChange=${(event) => change({ group: event.target.value })} /></label>
      <datalist id="groups"><option value="seed" /><option value="sweep" /></datalist>
    </p>
    ${about?.sweeps?.length > 0 && html`<p>Sweeps: ${about.sweeps.map((name) => html`<a href=${link("/sweep", { name })}>${name}</a> `)}</p>`}
    ${error && html`<p class="bad" role="alert">${error}</p>`}
    ${table?.groups && html`<div class="wide"><${Groups} groups=${table.groups} columns=${table.columns} /></div>`}
    ${table && html`
      <p class="faint">${table.total} of ${table.all} runs${table.total > WINDOW ? `, from ${first + 1}` : ""}
        ${first > 0 && html` <button class="plain" onClick=${() => change({ from: first - WINDOW })}>before</button>`}
        ${first + WINDOW < table.total && html` <button class="plain" onClick=${() => change({ from: first + WINDOW })}>after</button>`}
        ${picked.length > 1 && html` <button class="plain" data-compare onClick=${() => go("/compare", { run: picked })}>compare ${picked.length}</button>`}
      </p>
      <div class="wide"><table>
        <thead><tr><th></th><${Header} column=${{ key: "name", kind: "own" }} sort=${sort} reverse=${reverse} />
          ${table.columns.map((column) => html`<${Header} column=${column} sort=${sort} reverse=${reverse} />`)}</tr></thead>
        <tbody>${table.rows.map((row) => html`<${Row} key=${row.name} row=${row} columns=${table.columns}
          picked=${picked.includes(row.name)} pick=${() => pick(row.name)} />`)}</tbody>
      </table></div>`}
    ${picked.length > 0 && html`<${Charts} runs=${picked} by=${group} told=${told} />`}`;
}
