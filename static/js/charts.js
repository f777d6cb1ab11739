/* Draws every chart of a page. A chart is <div class="chart" data-chart="ID"> and its plain values stand in
   <script type="application/json" id="ID">; the same values are in the table beside it.
   Values: {kind, unit, labels: [...], series: [{name, data: [...], colour, line, unit}], decimals}
   kinds: columns, stacked, rows, trend; steps: {kind: "steps", items: [{name, from, to, value, colour}]} */
(() => {
  "use strict";
  const boxes = document.querySelectorAll(".chart[data-chart]");
  if (!window.echarts) {  // the library did not arrive: the tables stand open, nothing is kept free for pictures
    boxes.forEach((box) => { box.hidden = true; });
    return;
  }
  const colours = {
    blue: "#0d3b78", mid: "#2f6fb8", sky: "#8db9e6", accent: "#e08a2e", bad: "#b5452f", good: "#2c8a5b", grey: "#93a1b3",
    startup: "#a9cbee", growth: "#6aa0da", expansion: "#2f6fb8", mature: "#0d3b78",
  };
  const order = ["blue", "accent", "mid", "sky", "grey", "good"];
  const font = getComputedStyle(document.body).fontFamily;
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const ink = "#1b2735", soft = "#647286", line = "#dde4ec";

  const number = (value, decimals) =>
    value === null || value === undefined
      ? "—"
      : Number(value).toLocaleString("zh-CN", decimals === undefined ? { maximumFractionDigits: 2 }
        : { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).replace("-", "−");
  const short = (value) =>
    Math.abs(value) >= 1e8 ? `${number(value / 1e8)}亿` : Math.abs(value) >= 1e4 ? `${number(value / 1e4)}万` : number(value);

  // Rich text, not HTML: a hostile name stays text, and the page's policy forbids inline styles anyway.
  const tooltip = (trigger, formatter) => ({
    trigger, renderMode: "richText", confine: true, formatter, backgroundColor: "#fff", borderColor: line,
    textStyle: { color: ink, fontFamily: font, fontSize: 13, lineHeight: 20 }, axisPointer: { type: "shadow" },
  });
  const text = (value) => String(value).replace(/[{}|]/g, " ");
  const base = (narrow) => ({
    textStyle: { fontFamily: font, color: ink }, animation: !still, animationDuration: 400,
    grid: { left: 8, right: narrow ? 12 : 20, top: 44, bottom: 8, containLabel: true },
  });
  const valueAxis = (name, extra) => ({
    type: "value", name, nameTextStyle: { color: soft, align: "left" }, axisLabel: { color: soft, formatter: short },
    splitLine: { lineStyle: { color: "#e9eef4" } }, ...extra,
  });
  const categoryAxis = (labels, extra) => ({
    type: "category", data: labels, axisTick: { show: false }, axisLine: { lineStyle: { color: "#b9c5d3" } }, axisLabel: { color: ink }, ...extra,
  });

  function bars(spec, narrow) {
    const flat = spec.kind === "rows";
    const many = spec.series.length > 1;
    const second = spec.series.find((s) => s.line && s.unit && s.unit !== spec.unit);
    const series = spec.series.map((s, i) => {
      const colour = colours[s.colour] || colours[order[i % order.length]];
      const asLine = spec.kind === "trend" || s.line;
      return {
        name: s.name, type: asLine ? "line" : "bar", data: s.data, itemStyle: { color: colour }, barMaxWidth: flat ? 18 : 34,
        stack: spec.kind === "stacked" ? "all" : undefined, yAxisIndex: second && s === second ? 1 : 0,
        lineStyle: { width: 3 }, symbolSize: 8, symbol: "circle", connectNulls: false,
        label: { show: !many && !asLine && s.data.length <= 12, position: flat ? "right" : "top", color: soft, fontSize: 12, formatter: (p) => number(p.value, spec.decimals) },
      };
    });
    const values = valueAxis(flat ? "" : spec.unit, flat ? { axisLabel: { show: false }, splitLine: { show: false } } : {});
    const turned = narrow && spec.labels.length > 6;
    const names = categoryAxis(spec.labels, flat ? { inverse: true, axisLabel: { color: ink, width: narrow ? 92 : 150, overflow: "truncate" } }
      : { axisLabel: { color: ink, interval: 0, rotate: turned ? 45 : 0, fontSize: turned ? 11 : 12 } });
    return {
      ...base(narrow), series, xAxis: flat ? values : names,
      yAxis: flat ? names : second ? [values, valueAxis(second.unit, { splitLine: { show: false }, nameTextStyle: { color: soft, align: "right" } })] : values,
      grid: { ...base(narrow).grid, top: flat && !many ? 8 : 60 - (many ? 0 : 20), right: flat ? 64 : second ? 8 : base(narrow).grid.right },
      legend: many ? { top: 0, left: 0, itemWidth: 14, itemHeight: 10, textStyle: { color: ink } } : undefined,
      tooltip: tooltip("axis", (points) => [text(points[0].axisValueLabel ?? points[0].name)].concat(points.map((p) =>
        `${text(p.seriesName)}  ${number(p.value, spec.decimals)} ${spec.series[p.seriesIndex].unit || spec.unit || ""}`)).join("\n")),
    };
  }

  // From what the three dimensions give, step by step, to the total.
  function steps(spec, narrow) {
    const items = spec.items;
    return {
      ...base(narrow), grid: { left: 8, right: 56, top: 8, bottom: 8, containLabel: true },
      xAxis: valueAxis("", { axisLabel: { color: soft }, min: items.some((i) => i.from < 0 || i.to < 0) ? undefined : 0 }),
      yAxis: categoryAxis(items.map((i) => i.name), { inverse: true, axisLabel: { color: ink, width: narrow ? 104 : 190, overflow: "break", fontSize: narrow ? 11 : 12 } }),
      series: [
        { type: "bar", stack: "s", silent: true, itemStyle: { color: "transparent" }, data: items.map((i) => Math.min(i.from, i.to)), tooltip: { show: false } },
        { type: "bar", stack: "s", barMaxWidth: 22, data: items.map((i) => ({ value: Math.abs(i.to - i.from), itemStyle: { color: colours[i.colour] || colours.blue } })),
          label: { show: true, position: "right", color: ink, fontWeight: 600, formatter: (p) => items[p.dataIndex].label } },
      ],
      tooltip: tooltip("item", (p) => `${text(items[p.dataIndex].name)}\n${items[p.dataIndex].label}`),
    };
  }

  function draw(box) {
    const data = document.getElementById(box.dataset.chart);
    if (!data) return;
    const spec = JSON.parse(data.textContent);
    const chart = window.echarts.init(box, null, { renderer: "canvas" });
    const table = box.parentElement.querySelector(`[data-chart="${box.dataset.chart}"] ~ details.fold`);
    let shown = false;
    // The table stays open until the picture is really there; after that it is the reader's to open and close.
    chart.on("finished", () => {
      if (shown || !box.clientWidth) return;
      shown = true;
      box.setAttribute("data-drawn", "");
      if (table) table.open = false;
    });
    const paint = () => {
      const narrow = box.clientWidth < 480;
      chart.resize();
      chart.setOption(spec.kind === "steps" ? steps(spec, narrow) : bars(spec, narrow), true);
    };
    paint();
    let width = box.clientWidth;
    new ResizeObserver(() => {
      if (box.clientWidth !== width) { width = box.clientWidth; paint(); }
    }).observe(box);
  }

  boxes.forEach(draw);
})();
