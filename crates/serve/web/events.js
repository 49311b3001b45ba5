// One stream of events for the page. A hidden page closes its stream.
import { address } from "./api.js";

// Calls `told(kind, data)` for each event of the topics `watch`, and `live(true or false)` when the
// stream begins or is lost. Returns a function that ends it.
export function listen(watch, told, live) {
  let source = null;
  const open = () => {
    source = new EventSource(address("events", { watch }));
    source.onopen = () => live(true);
    source.onerror = () => live(false);
    for (const kind of ["hello", "runs", "series", "log", "sweep", "room", "resync"]) {
      source.addEventListener(kind, (event) => told(kind, JSON.parse(event.data)));
    }
  };
  const close = () => {
    source?.close();
    source = null;
    live(false);
  };
  const visible = () => {
    if (document.hidden) return close();
    if (!source) {
      open();
      told("resync", {});
    }
  };
  document.addEventListener("visibilitychange", visible);
  if (!document.hidden) open();
  return () => {
    document.removeEventListener("visibilitychange", visible);
    close();
  };
}
