// Small curves in the rows of the table.
import { get } from "./api.js";
import { number, plain } from "./format.js";
import { html, useEffect, useState } from "./h.js";

const [WIDTH, HEIGHT] = [120, 22];
// The runs of one request, whose names make its address.
const AT_ONCE = 40;

async function ask(key, names, signal) {
  const parts = [];
  for (let at = 0; at < names.length; at += AT_ONCE) {
    parts.push(await get("sparks", { key, run: names.slice(at, at + AT_ONCE) }, signal));
  }
  return { complete: parts.every((part) => part.complete), sparks: Object.assign({}, ...parts.map((part) => part.sparks)) };
}

// The curves of `key` of these runs by name, and again while logs are being read.
export function useSparks(key, names, changed) {
  const [sparks, setSparks] = useState({});
  useEffect(() => {
    if (!key || names.length === 0) {
      setSparks({});
      return undefined;
    }
    const stop = new AbortController();
    let again = 0;
    const show = (answer) => {
      setSparks(answer.sparks);
      if (!answer.complete) again = setTimeout(look, 300);
    };
    const look = () => ask(key, names, stop.signal).then(show, () => {});
    look();
    return () => {
      clearTimeout(again);
      stop.abort();
    };
  }, [key, names.join("\n"), changed]);
  return sparks;
}

export function Spark({ name, spark }) {
  if (!spark) return html`<td></td>`;
  const [xs, ys] = [spark.x.map(plain), spark.y.map(plain)];
  const finite = ys.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const across = (x) => 1 + ((WIDTH - 2) * (x - xs[0])) / (xs.at(-1) - xs[0] || 1);
  const up = (y) => HEIGHT - 2 - ((HEIGHT - 4) * (y - low)) / (high - low || 1);
  const points = xs.map((x, place) => (Number.isFinite(ys[place]) ? `${across(x)},${up(ys[place])}` : "")).join(" ");
  return html`<td><svg class="spark" width=${WIDTH} height=${HEIGHT} role="img" aria-label=${`${name} ends at ${number(finite.at(-1))}`}>
    <polyline points=${points} /></svg></td>`;
}
