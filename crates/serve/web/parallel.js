// Parallel coordinates of a sweep, with brushes: the only module that knows ECharts, which is
// loaded when a sweep is opened.
import { html, useEffect, useRef } from "./h.js";

function axis(dim, name, values) {
  if (values.every((value) => value === null || typeof value === "number")) return { dim, name, scale: true };
  return { dim, name, type: "category", data: [...new Set(values.map(String))] };
}

function option(sweep, ink) {
  const keys = sweep.parameters.map((parameter) => parameter.key);
  const rows = sweep.trials.map((trial) => [...keys.map((key) => trial.values[key]), trial.score]);
  const axes = [...keys, sweep.metric?.name ?? "score"].map((name, dim) => axis(dim, name, rows.map((row) => row[dim])));
  const text = rows.map((row) => row.map((value, dim) => (axes[dim].type === "category" ? String(value) : value)));
  return {
    aria: { enabled: true },
    animation: false,
    parallelAxis: axes.map((one) => ({ ...one, nameTextStyle: { color: ink }, axisLabel: { color: ink }, axisLine: { lineStyle: { color: ink } } })),
    series: [{ type: "parallel", data: text, lineStyle: { color: "#0072b2", opacity: 0.6 } }],
  };
}

export function Parallel({ sweep, pick }) {
  const place = useRef(null);
  useEffect(() => {
    let chart = null;
    let gone = false;
    import("./vendor/echarts.js").then((echarts) => {
      if (gone) return;
      chart = echarts.init(place.current);
      chart.setOption(option(sweep, getComputedStyle(document.body).color));
      chart.on("axisareaselected", () => {
        const indices = chart.getModel().getSeries()[0].getRawIndicesByActiveState("active");
        pick(indices.length === sweep.trials.length || indices.length === 0 ? null : new Set(indices));
      });
    });
    return () => {
      gone = true;
      chart?.dispose();
    };
  }, [sweep]);
  return html`<h2>Settings and scores</h2><figure><figcaption>Drag over an axis to pick trials.</figcaption>
    <div ref=${place} style="height: 20rem" role="img" aria-label="parallel coordinates of the trials"></div></figure>`;
}
