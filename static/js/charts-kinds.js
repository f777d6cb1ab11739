/* The kinds of chart most pages use (charts.js draws them).
   {kind, unit, labels: [...], series: [{name, data: [...], colour, line, unit}], decimals}
   kinds: columns, stacked, rows, trend; steps: {kind: "steps", items: [{name, from, to, value, colour, label}]} */
(() => {
  "use strict";
  const { kinds, colours, order, ink, soft, number, tooltip, text, base, valueAxis, categoryAxis, legend, legendRows, lines, wide, zoom, MANY } = window.xxgxCharts;

  const LONG = 84;  // pixels of a label that still reads well when it is turned
  const AXES = 70;  // pixels beside the columns
  const NUMBERS = 16;  // figures that find room at their rows

  // Names beside rows: in lines where the rows are few, cut where they are many.
  const beside = (rows, narrow) => {
    const width = narrow ? 100 : 150;
    const most = Math.min(3, Math.floor(17 / rows));  // lines of 13 px in the height of a chart
    return most < 1 ? { width, overflow: "truncate" } : { formatter: (name) => lines(name, narrow ? (width * 12) / 11 : width, most) };
  };

  function bars(spec, narrow, width) {
    const room = (width - AXES) / spec.labels.length - 8;  // under a column
    const longest = Math.max(0, ...spec.labels.map(wide));
    // Long names that find no room under their columns stand beside rows instead.
    const flat = spec.kind === "rows" || (spec.kind === "columns" && !spec.series.some((s) => s.line) && longest > LONG && longest > 2 * room);
    const many = spec.series.length > 1;
    const crowded = spec.labels.length > MANY;
    const second = spec.series.find((s) => s.line && s.unit && s.unit !== spec.unit);
    const series = spec.series.map((s, i) => {
      const colour = colours[s.colour] || colours[order[i % order.length]];
      const asLine = spec.kind === "trend" || s.line;
      return {
        name: s.name, type: asLine ? "line" : "bar", data: s.data, itemStyle: { color: colour }, barMaxWidth: flat ? 18 : 34,
        stack: spec.kind === "stacked" ? "all" : undefined, yAxisIndex: second && s === second ? 1 : 0,
        lineStyle: { width: 3 }, symbolSize: 8, symbol: "circle", connectNulls: false,
        label: { show: !asLine && (many ? flat && s.data.length * spec.series.length <= NUMBERS : s.data.length <= 12), position: flat ? "right" : "top", color: soft, fontSize: 12, formatter: (p) => number(p.value, spec.decimals) },
      };
    });
    const values = valueAxis(flat ? "" : spec.unit, flat ? { axisLabel: { show: false }, splitLine: { show: false } } : {});
    const turned = !crowded && longest > room && (spec.labels.length > 6 || longest > 2 * room);
    const names = categoryAxis(spec.labels, flat ? { inverse: true, axisLabel: { color: ink, ...beside(spec.labels.length, narrow), fontSize: narrow ? 11 : 12, lineHeight: 13 } }
      : { axisLabel: { color: ink, interval: crowded ? "auto" : 0, rotate: turned ? 45 : 0, fontSize: turned ? 11 : 12, ...(longest > room && !turned && !crowded ? { formatter: (name) => lines(name, room, 3), lineHeight: 14 } : {}) } });
    const top = (flat && !many ? 8 : flat ? 36 : many ? 60 : 40) + (many ? 18 * (legendRows(spec.series.map((s) => s.name), width) - 1) : 0);
    const right = flat ? (crowded ? 84 : 64) : second ? 8 : base(narrow).grid.right;
    return {
      ...base(narrow), series, xAxis: flat ? values : names,
      yAxis: flat ? names : second ? [values, valueAxis(second.unit, { splitLine: { show: false }, nameTextStyle: { color: soft, align: "right" } })] : values,
      grid: { ...base(narrow).grid, top, right, bottom: crowded && !flat ? 30 : 8 },
      legend: many ? legend(spec.series.length) : undefined,
      dataZoom: zoom(spec.labels.length, flat),
      tooltip: tooltip("axis", (points) => [text(points[0].axisValueLabel ?? points[0].name)].concat(points.map((p) => {
        const own = spec.series[p.seriesIndex];
        return `${text(p.seriesName)}  ${number(p.value, own.decimals ?? spec.decimals)} ${own.unit || spec.unit || ""}`;
      })).join("\n")),
    };
  }

  // From what the dimensions give, step by step, to the total.
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

  Object.assign(kinds, { columns: bars, stacked: bars, rows: bars, trend: bars, steps });
})();
