// The table of runs, and charts of the picked ones.
import { address, get } from "./api.js";
import { Charts } from "./charts.js";
import { cell } from "./format.js";
import { html, useEffect, useRef, useState } from "./h.js";
import { Spark, useSparks } from "./sparks.js";
import { Head, Wide } from "./table.js";
import { change, go, link } from "./view.js";

const WINDOW = 200;

function Header({ column, sort, reverse }) {
  const sorted = sort === column.key;
  const turn = () => change({ sort: column.key, reverse: sorted && !reverse, from: 0 });
  const direction = sorted ? (reverse ? "descending" : "ascending") : "none";
  const better = column.lower_is_better === true ? ", lower is better" : column.lower_is_better === false ? ", higher is better" : "";
  return html`<th scope="col" aria-sort=${direction} class=${column.kind === "score" ? "number" : ""}>
    <button onClick=${turn} title=${`${column.kind}${better}${column.unit ? `, in ${column.unit}` : ""}`}>
      ${column.key}${sorted ? (reverse ? " ↓" : " ↑") : ""}
    </button>
  </th>`;
}

// A name whose folder gives way first where there is little room.
function Name({ name, open }) {
  const at = name.lastIndexOf("/") + 1;
  return html`<span class="path" title=${name}>${at > 0 && html`<span class="faint">${name.slice(0, at)}</span>`}
    <a href=${link("/run", { name })} onClick=${open}>${name.slice(at)}</a></span>`;
}

function Row({ row, columns, picked, pick, curve, spark }) {
  const open = (event) => {
    if (event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    go("/run", { name: row.name });
  };
  const value = (column, place) => {
    const shown = row.values[place];
    const kind = typeof shown === "number" ? "number" : "";
    return html`<td class=${column.key === "state" ? `state-${shown}` : kind}>${cell(column.key, shown)}</td>`;
  };
  return html`<tr data-row aria-selected=${picked}>
    <td class="first"><input type="checkbox" aria-label=${`pick ${row.name}`} checked=${picked} onClick=${(event) => pick(event.shiftKey)} />
      <${Name} name=${row.name} open=${open} /></td>
    ${curve && html`<${Spark} name=${curve} spark=${spark} />`}
    ${columns.map(value)}
  </tr>`;
}

function Groups({ groups, columns }) {
  const isShown = (column) => column.kind === "score" && groups.some((group) => column.key in group.means);
  const shown = columns.filter(isShown);
  const value = (group, key) => {
    const [mean, deviation] = [group.means[key], group.deviations[key]];
    return typeof deviation === "number" ? `${cell(key, mean)} ± ${cell(key, deviation)}` : cell(key, mean);
  };
  return html`<p class="faint">Means ± standard deviations over the runs of each group</p>
    <${Wide} label="groups">
    <${Head} names=${["group", "n", ...shown.map((column) => column.key)]} numbers=${1} />
    <tbody>${groups.map((group) => html`<tr key=${group.key}><td class="first text">
        <button class="plain" aria-label=${`pick ${group.key}`} onClick=${() => change({ run: group.runs.slice(0, 100) })}>pick</button> ${group.key}</td><td class="number">${group.n}</td>
        ${shown.map((column) => html`<td class="number">${value(group, column.key)}</td>`)}</tr>`)}</tbody><//>`;
}

// The columns to show, chosen from all settings and scores.
function Columns({ where, shown }) {
  const [keys, setKeys] = useState(null);
  const [find, setFind] = useState("");
  const load = () => keys === null && get("keys", { where }).then(setKeys, () => setKeys({ settings: [], scores: [] }));
  const all = ["state", "progress", "age", ...(keys?.settings ?? []).map((one) => one.key), ...(keys?.scores ?? [])];
  const turn = (key) => {
    const next = shown.includes(key) ? shown.filter((one) => one !== key) : [...shown, key];
    change({ columns: next.join(",") });
  };
  return html`<details class="columns" onToggle=${load}><summary>columns</summary>
    <p class="controls"><label>Find <input value=${find} onInput=${(event) => setFind(event.target.value)} /></label>
      <button class="plain" onClick=${() => change({ columns: "" })}>those that differ</button></p>
    <div class="choices">${all.filter((key) => key.includes(find)).slice(0, 200).map((key) => html`<label key=${key}>
      <input type="checkbox" checked=${shown.includes(key)} onClick=${() => turn(key)} /> ${key}</label>`)}</div></details>`;
}

// The window of the table that the address asks for.
function useTable(parameters, told) {
  const { where = "", sort = "age", reverse, from = 0, group = "", columns = "" } = parameters;
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
    get("runs", { where, sort, reverse, group, from, columns, count: WINDOW }, stop.signal).then(show, refuse);
    return () => stop.abort();
  }, [where, sort, reverse, group, from, columns, changed]);
  return [table, error];
}

function Controls({ parameters, table, sweeps, about }) {
  const { where = "", sort, reverse, group = "", columns, curve = "", run: picked } = parameters;
  const exported = address("export", { view: "runs", as: "csv", where, sort, reverse, columns });
  return html`<div class="controls" role="group" aria-label="table">
      <label>Filter <input class="filter" data-key="/" value=${where} placeholder="model_type=VICReg score<2 name~noise"
        onChange=${(event) => change({ where: event.target.value, from: 0 })} /></label>
      <label>Group by <input data-key="g" value=${group} list="groups" placeholder="seed, sweep or a setting"
        onChange=${(event) => change({ group: event.target.value })} /></label>
      <datalist id="groups"><option value="seed" /><option value="sweep" />
        ${(table?.columns ?? []).filter((column) => column.kind === "setting").map((column) => html`<option value=${column.key} />`)}</datalist>
      <label>Small curves of <input class="short" value=${curve} placeholder="loss" onChange=${(event) => change({ curve: event.target.value })} /></label>
      <a href=${exported} download data-key="e">csv</a>
      ${picked.length > 0 && html`<button class="plain" onClick=${() => change({ run: [] })}>pick none</button>`}
      ${picked.length > 1 && html`<button class="plain" data-key="c" onClick=${() => go("/compare", { run: picked })}>compare ${picked.length}</button>`}
    </div>
    ${sweeps.length > 0 && html`<p class="sweeps">Sweeps: ${sweeps.map((name) => html`<a key=${name} href=${link("/sweep", { name })}
      onClick=${(event) => { event.preventDefault(); go("/sweep", { name }); }}>${name}</a>`)}</p>`}
    ${about?.runs === 0 && html`<p>There are no runs below ${about.root_name} yet. <code>umwelt train</code> makes one.</p>`}`;
}

export function Runs({ parameters, told, about }) {
  const { where = "", sort = "age", reverse, group = "", curve, run: picked } = parameters;
  const [table, error] = useTable(parameters, told);
  const sparks = useSparks(curve, (table?.rows ?? []).map((row) => row.name), table?.stamp);
  const last = useRef(null);
  const pick = (name, isRange) => {
    const names = table.rows.map((row) => row.name);
    const [a, b] = [names.indexOf(last.current), names.indexOf(name)].sort((one, other) => one - other);
    const range = isRange && a >= 0 ? names.slice(a, b + 1) : [name];
    last.current = name;
    const others = picked.filter((one) => !range.includes(one));
    change({ run: picked.includes(name) ? others : [...others, ...range] });
  };
  const first = table?.from ?? 0;
  const page = (from) => change({ from: Math.max(0, from) });
  return html`<h2 class="unseen">Runs</h2>
    <${Controls} parameters=${parameters} table=${table} sweeps=${about?.sweeps ?? []} about=${about} />
    ${error && html`<p class="bad" role="alert">${error}</p>`}
    ${!table && !error && html`<p class="faint" data-loading>loading…</p>`}
    ${table?.groups && html`<${Groups} groups=${table.groups} columns=${table.columns} />`}
    ${table && html`
      <div class="controls"><span role="status">${table.total} of ${table.all} runs${table.total > WINDOW ? `, ${first + 1} to ${first + table.rows.length}` : ""}</span>
        ${first > 0 && html`<button class="plain" onClick=${() => page(first - WINDOW)}>before</button>`}
        ${first + WINDOW < table.total && html`<button class="plain" onClick=${() => page(first + WINDOW)}>after</button>`}
        <${Columns} where=${where} shown=${table.columns.map((column) => column.key)} /></div>
      <${Wide} label="runs"><thead><tr><${Header} column=${{ key: "name", kind: "own" }} sort=${sort} reverse=${reverse} />
          ${curve && html`<th scope="col">${curve}</th>`}
          ${table.columns.map((column) => html`<${Header} key=${column.key} column=${column} sort=${sort} reverse=${reverse} />`)}</tr></thead>
        <tbody>${table.rows.map((row) => html`<${Row} key=${row.name} row=${row} columns=${table.columns}
          picked=${picked.includes(row.name)} curve=${curve} spark=${sparks[row.name]}
          pick=${(isRange) => pick(row.name, isRange)} />`)}</tbody><//>`}
    ${picked.length > 0 && html`<h2>Curves of ${picked.length} ${picked.length === 1 ? "run" : "runs"}</h2><${Charts} runs=${picked} by=${group} told=${told} />`}`;
}
