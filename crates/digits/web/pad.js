// The canvas to draw on: by mouse, pen, finger or keyboard.
import { html, useEffect, useRef, useState } from "../h.js";

const SIDE = 280;
const CELL = 10;

// Draws strokes, each a brush size and points, in one colour.
function paint(context, strokes, colour) {
  context.clearRect(0, 0, SIDE, SIDE);
  Object.assign(context, { strokeStyle: colour, fillStyle: colour, lineCap: "round", lineJoin: "round" });
  for (const { size, points } of strokes) {
    context.lineWidth = size;
    context.beginPath();
    points.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
    if (points.length === 1) context.lineTo(points[0][0] + 0.1, points[0][1]);
    context.stroke();
  }
}

// The drawing as the server takes it: ink is how opaque a pixel is.
function encoded(strokes) {
  if (strokes.length === 0) return null;
  const canvas = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
  const context = canvas.getContext("2d");
  paint(context, strokes, "#000000");
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  let grey = "";
  for (let at = 3; at < data.length; at += 4) grey += String.fromCharCode(data[at]);
  return { width: SIDE, height: SIDE, grey: btoa(grey) };
}

// Calls `drawn(drawing)` after each change, `null` for an empty canvas.
export function Pad({ drawn, guess, teach, pickLabel }) {
  const place = useRef(null);
  const strokes = useRef([]);
  const pen = useRef(null);
  const [cursor, setCursor] = useState(null);
  const [size, setSize] = useState(20);
  const show = () => {
    const context = place.current.getContext("2d");
    paint(context, strokes.current, getComputedStyle(place.current).color);
    drawn(encoded(strokes.current));
  };
  const begin = (point) => {
    pen.current = { size: Number(size), points: [point] };
    strokes.current = [...strokes.current, pen.current];
    show();
  };
  const move = (point) => {
    if (!pen.current) return;
    pen.current.points.push(point);
    show();
  };
  const set = (next) => {
    strokes.current = next;
    pen.current = null;
    show();
  };
  const clear = () => set([]);
  const back = () => set(strokes.current.slice(0, -1));
  const at = (event) => {
    const box = place.current.getBoundingClientRect();
    return [((event.clientX - box.left) * SIDE) / box.width, ((event.clientY - box.top) * SIDE) / box.height];
  };
  const down = (event) => {
    place.current.setPointerCapture(event.pointerId);
    begin(at(event));
  };
  const step = ([x, y]) => {
    const from = cursor ?? [14, 4];
    const next = [from[0] + x, from[1] + y].map((cell) => Math.min(27, Math.max(0, cell)));
    setCursor(next);
    move(next.map((cell) => cell * CELL + CELL / 2));
  };
  const press = (event) => {
    const label = /^Digit\d$/.test(event.code) ? Number(event.code.at(-1)) : null;
    const keys = {
      ArrowLeft: () => step([-1, 0]),
      ArrowRight: () => step([1, 0]),
      ArrowUp: () => step([0, -1]),
      ArrowDown: () => step([0, 1]),
      Backspace: back,
      Delete: clear,
      Enter: guess,
    };
    let done = keys[event.key];
    if (event.key === " ") done = () => !pen.current && begin((cursor ?? [14, 4]).map((cell) => cell * CELL + CELL / 2));
    if (label !== null) done = () => (event.shiftKey ? teach(label) : pickLabel(label));
    if (!done || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    done();
  };
  const release = (event) => {
    if (event.key === " ") pen.current = null;
  };
  useEffect(() => {
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const again = () => paint(place.current.getContext("2d"), strokes.current, getComputedStyle(place.current).color);
    scheme.addEventListener("change", again);
    addEventListener("theme", again);
    return () => {
      scheme.removeEventListener("change", again);
      removeEventListener("theme", again);
    };
  }, []);
  return html`<div class="pad">
    <canvas ref=${place} width=${SIDE} height=${SIDE} tabindex="0" role="application" data-test="canvas"
      aria-label="Canvas. Arrows move, Space draws, Enter guesses, Shift with a digit teaches, Backspace undoes, Delete clears."
      onPointerDown=${down} onPointerMove=${(event) => move(at(event))} onPointerUp=${() => (pen.current = null)}
      onFocus=${() => setCursor((known) => known ?? [14, 4])} onBlur=${() => setCursor(null)}
      onPointerCancel=${() => (pen.current = null)} onKeyDown=${press} onKeyUp=${release}></canvas>
    ${cursor && html`<span class="cursor" style=${`left: ${cursor[0] * CELL}px; top: ${cursor[1] * CELL}px`}></span>`}
    <p class="row"><button class="plain" data-test="clear" onClick=${clear}>clear</button>
      <button class="plain" data-test="back" onClick=${back}>undo stroke</button>
      <label>brush <input type="range" min="8" max="40" value=${size} onInput=${(event) => setSize(event.target.value)} /></label></p>
  </div>`;
}
