/* The radar: {kind: "radar", unit, labels: [...], codes: [...], series: [{name, data: [per cent], colour}]}.
   On a narrow screen, or with many corners, they carry the indicators' numbers; the table beside it has their names. */
(() => {
  "use strict";
  const { kinds, colours, ink, soft, number, tooltip, text, base, legend, lines } = window.xxgxCharts;
  const FEW = 10;  // names that still find room around it
  const LINE = 120, LINES = 4;  // pixels of a name's line; lines of a name
  kinds.radar = (spec, small) => {
    const narrow = small || spec.labels.length > FEW;
    return {
    ...base(small), grid: undefined,
    legend: { ...legend(spec.series.length), top: 0 },
    radar: {
      center: ["50%", "56%"], radius: narrow ? "62%" : "60%", splitNumber: 4,
      indicator: spec.labels.map((name, i) => ({ name: narrow ? spec.codes[i] : `${spec.codes[i]} ${name}`, max: 100 })),
      axisName: { color: ink, fontSize: 12, lineHeight: 15, formatter: (name) => (narrow ? name : lines(name, LINE, LINES)) },
      splitArea: { areaStyle: { color: ["#fff", "#f6f9fc"] } }, splitLine: { lineStyle: { color: "#dde4ec" } }, axisLine: { lineStyle: { color: "#dde4ec" } },
    },
    series: [{
      type: "radar", symbolSize: 5,
      data: spec.series.map((s, i) => ({
        name: s.name, value: s.data, itemStyle: { color: colours[s.colour] || soft },
        lineStyle: { width: i ? 1.5 : 2.5, type: i ? "dashed" : "solid" }, areaStyle: i ? undefined : { opacity: 0.12 },
      })),
    }],
    tooltip: tooltip("item", (p) => [text(p.name)].concat(spec.labels.map((name, i) =>
      `${spec.codes[i]} ${text(name)}  ${number(p.value[i], 1)}${spec.unit}`)).join("\n")),
    };
  };
})();
