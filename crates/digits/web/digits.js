// The page on which digits are drawn and taught.
import { base, get, send } from "../api.js";
import { html, useEffect, useRef, useState } from "../h.js";
import { Digit } from "./bits.js";
import { Card, said } from "./card.js";
import { Pad } from "./pad.js";
import { Curve, Results, School } from "./school.js";

const KINDS = ["wisard", "ao", "dwn", "logic"];
const LABELS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
// The time between two guesses while one draws.
const EVERY = 100;
// The guesses that can be looked at again.
const KEPT = 100;

// Guesses at most ten times a second; the last drawing wins.
function useGuess() {
  const [guess, setGuess] = useState(null);
  const [past, setPast] = useState([]);
  const [error, setError] = useState("");
  const wanted = useRef(null);
  const busy = useRef(false);
  const ask = async () => {
    if (busy.current || wanted.current === null) return;
    const drawing = wanted.current;
    wanted.current = null;
    busy.current = true;
    await send("digits/guess", { drawing }).then((found) => {
      setGuess(found);
      setPast((before) => [...before, found].slice(-KEPT));
      setError("");
    }, (failed) => setError(failed.message));
    await new Promise((later) => setTimeout(later, EVERY));
    busy.current = false;
    ask();
  };
  const look = (drawing) => {
    wanted.current = drawing;
    if (drawing === null) setGuess(null);
    ask();
  };
  return { guess, past, look, error };
}

function Add({ saved, does }) {
  const [kind, setKind] = useState("wisard");
  const [seed, setSeed] = useState(0);
  const file = useRef(null);
  const upload = (event) => event.target.files[0] && does(send("digits/upload", event.target.files[0]));
  return html`<p class="row">
    <label>kind <select value=${kind} data-test="kind" onChange=${(event) => setKind(event.target.value)}>
      ${KINDS.map((one) => html`<option>${one}</option>`)}</select></label>
    <label>seed <input type="number" min="0" value=${seed} onInput=${(event) => setSeed(event.target.value)} /></label>
    <button class="plain" data-test="add" onClick=${() => does(send("digits/agents", { kind, seed: Number(seed) }))}>new agent</button>
    ${saved.length > 0 && html`<label>open <select value="" data-test="load" onChange=${(event) => does(send("digits/load", { name: event.target.value }))}>
      <option value="">a saved agent</option>${saved.map((name) => html`<option>${name}</option>`)}</select></label>`}
    <label>upload <input type="file" accept=".safetensors" ref=${file} data-test="upload" onChange=${upload} /></label></p>`;
}

export function Room({ told }) {
  const [state, setState] = useState(null);
  const [error, setError] = useState("");
  const [message, setMessage] = useState("");
  const [label, setLabel] = useState(null);
  const [pupil, setPupil] = useState("");
  const drawing = useRef(null);
  const { guess: newest, past, look, error: unguessed } = useGuess();
  // Steps back from the newest guess.
  const [back, setBack] = useState(0);
  useEffect(() => setBack(0), [newest]);
  const guess = back > 0 ? past[past.length - 1 - back] : newest;
  const refresh = () => get("digits/state").then(setState, (failed) => setError(failed.message));
  const news = told.kind === "room" ? told.data.data : null;
  useEffect(() => {
    if (news?.job && state) {
      const put = (agent) => (agent.id === news.agent ? { ...agent, job: news.job } : agent);
      setState({ ...state, agents: state.agents.map(put) });
    } else if (news?.error) {
      setError(news.error);
    } else if (news?.changed || told.kind === "resync") {
      refresh();
    }
  }, [told.count]);
  const draw = (next) => {
    drawing.current = next;
    look(next);
  };
  // Shows the outcome of a change, and looks at the drawing again with what was learnt.
  const does = (change) => change.then(() => {
    setError("");
    refresh();
    if (drawing.current) look(drawing.current);
  }, (failed) => setError(failed.message));
  const agents = state?.agents ?? [];
  const teach = (taught) => {
    if (!drawing.current) return setError("nothing is drawn; draw a digit first");
    const pupils = agents.filter((agent) => (pupil ? String(agent.id) === pupil : !agent.finished));
    const lesson = { drawing: drawing.current, label: taught };
    setMessage(`learnt as a ${taught}`);
    return does(Promise.all(pupils.map((agent) => send(`digits/agents/${agent.id}/learn`, lesson))));
  };
  const answers = Object.fromEntries((guess?.answers ?? []).map((one) => [one.id, one]));
  const spoken = agents.filter((agent) => answers[agent.id]).map((agent) => `${agent.name}: ${said(answers[agent.id].answer)}`);
  const shown = agents.filter((agent) => agent.tests.length > 0);
  return html`<link rel="stylesheet" href=${`${base}/web/digits/digits.css`} />
    <div class="digits" data-ready=${state ? "" : undefined}>
    <section aria-label="drawing">
      <h2>Draw a digit</h2>
      <${Pad} drawn=${draw} guess=${() => drawing.current && look(drawing.current)} teach=${teach} pickLabel=${setLabel} />
      <div class="row"><span>as the agents see it</span>
        ${guess && (drawing.current || back > 0) ? html`<${Digit} grey=${guess.digit} name="the drawing, centred" scale=${3} />` : html`<span class="faint">nothing drawn</span>`}</div>
      <fieldset><legend>That is a …: learn it</legend>
        <p class="row">${LABELS.map((one) => html`<button class=${`plain label ${one === label ? "picked" : ""}`} data-test=${`teach-${one}`}
          aria-label=${`teach a ${one}`} onClick=${() => teach(one)}>${one}</button>`)}</p>
        <label>by <select value=${pupil} data-test="pupil" onChange=${(event) => setPupil(event.target.value)}>
          <option value="">all agents</option>${agents.map((agent) => html`<option value=${agent.id}>${agent.name}</option>`)}</select></label>
        ${label !== null && html` <button class="plain" onClick=${() => teach(label)}>learn it as a ${label}</button>`}</fieldset>
      <p role="status" data-test="message">${message}</p>
      <p role="status" class="unseen">${spoken.join(". ")}</p>
      ${(error || (drawing.current && unguessed)) && html`<p class="bad" role="alert">${error || unguessed}</p>`}
    </section>
    <section aria-label="agents">
      <h2>Agents</h2>
      ${state ? html`<${Add} saved=${state.saved} does=${does} />` : html`<p class="faint" data-loading>loading…</p>`}
      ${state && agents.length === 0 && html`<p>No agent is open yet. Make a new one, draw a digit, and teach it.</p>`}
      ${past.length > 1 && html`<p class="row"><label>history <input type="range" data-test="history" min=${1 - past.length} max="0" value=${-back} onInput=${(event) => setBack(-Number(event.target.value))} /></label>
        <span class="faint">${back === 0 ? "now" : `${back} ${back === 1 ? "guess" : "guesses"} ago`}</span></p>`}
      <div class="cards">${agents.map((agent) => html`<${Card} key=${agent.id} agent=${agent} does=${does}
        answer=${answers[agent.id]?.answer} micros=${answers[agent.id]?.micros} />`)}</div>
    </section>
    <section aria-label="school">
      <${School} agents=${agents} does=${does} />
      <${Curve} agents=${agents} />
      ${shown.map((agent) => html`<${Results} key=${agent.id} agent=${agent} does=${does} />`)}
    </section></div>`;
}
