// What the pages share that ask the model of a run: the choice of the run, and its answers.
import { get, send } from "./api.js";
import { html, useEffect, useRef, useState } from "./h.js";
import { change, link } from "./view.js";

// The description of a run's model; `null` while it is opened.
function useModel(room, run) {
  const [model, setModel] = useState(null);
  const [error, setError] = useState("");
  useEffect(() => {
    const aborted = new AbortController();
    setModel(null);
    setError("");
    if (run) get(`${room}/open`, { run }, aborted.signal).then(setModel, (failed) => failed.name !== "AbortError" && setError(failed.message));
    return () => aborted.abort();
  }, [room, run]);
  return [model, error];
}

// The answer to the last question. While one is asked, only the newest of the next ones waits.
export function useAnswer(room, run, question) {
  const [state, setState] = useState({ answer: null, error: "", asked: false });
  const busy = useRef(false);
  const wanted = useRef(null);
  const text = JSON.stringify(question);
  const ask = async () => {
    if (busy.current || wanted.current === null) return;
    busy.current = true;
    const mine = wanted.current;
    wanted.current = null;
    const done = await send(`${room}/ask?${new URLSearchParams({ run })}`, JSON.parse(mine)).then(
      (answer) => ({ answer, error: "" }), (failed) => ({ error: failed.message }));
    busy.current = false;
    setState((before) => ({ ...before, ...done, asked: wanted.current !== null }));
    ask();
  };
  useEffect(() => {
    wanted.current = text;
    setState((before) => ({ ...before, asked: true }));
    ask();
  }, [text]);
  return state;
}

// The runs that a room can open, asked for again when `changed` changes; `null` while they are read.
export function useRuns(room, changed) {
  const [found, setFound] = useState(null);
  const [error, setError] = useState("");
  useEffect(() => {
    get(`${room}/runs`).then(setFound, (failed) => setError(failed.message));
  }, [room, changed]);
  return [found, error];
}

function Runs({ room, run }) {
  const [found, error] = useRuns(room);
  if (!found) return html`<p class=${error ? "bad" : "faint"} data-loading=${error ? undefined : ""}>${error || "loading…"}</p>`;
  if (found.total === 0) return html`<p>No run of this world is below this folder yet. Train one, and load this page again.</p>`;
  const more = found.total > found.runs.length ? `, the newest ${found.runs.length} of ${found.total}` : "";
  const named = found.runs.some((one) => one.name === run) || !run ? found.runs : [{ name: run, state: "" }, ...found.runs];
  return html`<p class="controls"><label>Run <select value=${run ?? ""} data-test="run" onChange=${(event) => change({ run: event.target.value })}>
      <option value="">choose a run${more}</option>
      ${named.map((one) => html`<option value=${one.name}>${one.name}${one.state && one.state !== "finished" ? ` (${one.state})` : ""}</option>`)}</select></label>
    ${run && html`<a href=${link("/run", { name: run })}>its curves and scores</a>`}</p>`;
}

// A page that asks the model of a run: `Ask` shows it with its description.
export function ModelRoom({ room, title, text, parameters, ask: Ask }) {
  const run = parameters.run[0];
  const [model, error] = useModel(room, run);
  return html`<link rel="stylesheet" href=${new URL("model.css", import.meta.url).pathname} />
    <h2>${title}</h2><p class="lead">${text}</p>
    <${Runs} room=${room} run=${run} />
    ${error && html`<p class="bad" role="alert">${error}</p>`}
    ${run && !model && !error && html`<p class="faint" data-loading>the model is being read…</p>`}
    ${model && html`<${Ask} key=${run} room=${room} run=${run} model=${model} />`}`;
}

// The state of an answer in words, with the model's own sentence.
export function Said({ state, children }) {
  return html`<p role="status" data-asking=${state.asked ? "" : undefined} data-test="said">${children}</p>
    ${state.error && html`<p class="bad" role="alert">${state.error}</p>`}`;
}

export function Slider({ label, value, min, max, step = 1, unit = "", set, test }) {
  return html`<label class="slider"><span>${label}</span>
    <input type="range" min=${min} max=${max} step=${step} value=${value} data-test=${test} onInput=${(event) => set(Number(event.target.value))} />
    <output>${step < 1 ? value.toFixed(step < 0.1 ? 2 : 1) : value}${unit}</output></label>`;
}

// The address of a picture of `side` x `side` pixels: grey values, or red, green and blue of each.
export function pictureOf(values, side) {
  const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const context = canvas.getContext("2d");
  const picture = context.createImageData(side, side);
  const colours = values.length / (side * side);
  for (let at = 0; at < side * side; at += 1) {
    for (let colour = 0; colour < 3; colour += 1) picture.data[4 * at + colour] = values[at * colours + (colours === 3 ? colour : 0)];
    picture.data[4 * at + 3] = 255;
  }
  context.putImageData(picture, 0, 0);
  return canvas.toDataURL();
}

export function Pixels({ values, side, size, name }) {
  return html`<img class="pixels" alt=${name} width=${size} height=${size} src=${pictureOf(values, side)} />`;
}
