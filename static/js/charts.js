/* Draws every chart of a page; how each kind looks stands in a file of its own (charts-kinds.js, and a topic's own file).
   A chart is <div class="chart" data-chart="ID"> and its plain values stand in <script type="application/json" id="ID">;
   the same values are in the table beside it.

   window.xxgxCharts.kinds.NAME = (spec, narrow, width) => option   registers a kind: `spec` the values, `narrow` a box < 480 px.
   A file with kinds is loaded after this one (defer); drawing begins once the whole page has been read. A part of a page
   that htmx brings later is drawn when it comes. window.xxgxCharts.drawAll(element) draws what else was put in. */
(() => {
  "use strict";
  const colours = {
    blue: "#0d3b78", mid: "#2f6fb8", sky: "#8db9e6", accent: "#e08a2e", bad: "#b5452f", good: "#2c8a5b", grey: "#93a1b3",
    startup: "#a9cbee", growth: "#6aa0da", expansion: "#2f6fb8", mature: "#0d3b78",
  };
  const order = ["blue", "accent", "mid", "sky", "grey", "good"];
  const font = getComputedStyle(document.body).fontFamily;
  const paper = window.matchMedia("print");
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const ink = "#1b2735", soft = "#647286", line = "#dde4ec";
  const MANY = 24;  // labels that still stand side by side; more are zoomed into
  const PAPER = 660;  // pixels over the 17 cm of site.css
  const locale = document.documentElement.lang || "zh-CN";
  const drawn = new WeakMap();  // box → its chart

  const number = (value, decimals) =>
    value === null || value === undefined || value === "-"
      ? "—"
      : Number(value).toLocaleString(locale, decimals === undefined ? { maximumFractionDigits: 2 }
        : { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).replace("-", "−");
  // 1.2万, 3.4亿; in an English page 12K, 340M: the browser knows each language's steps.
  const brief = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 2 });
  const short = (value) => (Math.abs(value) >= 1e4 ? brief.format(value).replace("-", "−") : number(value));

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
  const legend = (count) => ({
    top: 0, left: 0, right: 0, itemWidth: 14, itemHeight: 10, textStyle: { color: ink }, type: count > 6 ? "scroll" : "plain",
  });
  // How wide a text of 12 px is drawn, nearly: a Chinese letter is a square, a Latin one half of it.
  const wide = (words) => [...String(words)].reduce((sum, letter) => sum + (letter > "\u2e80" ? 12 : 6.8), 0);
  /* A name in lines of about the same width: English between words, Chinese anywhere but before a mark, a figure never parted. */
  const lines = (name, width, most) => {
    const parts = String(name).match(/[\u2e80-\uffef][、，；：）]*|[^\s\u2e80-\uffef]+\s*|\s+/g) || [""];
    const many = Math.min(most, Math.ceil(wide(name) / width)), about = wide(name) / many;
    const found = [""];
    parts.forEach((part) => {
      const last = found.at(-1);
      if (last && found.length < many && wide(last.trim()) + wide(part.trim()) / 2 > about) found.push(part);
      else found[found.length - 1] = last + part;
    });
    return found.map((line) => line.trim()).map((line) => (wide(line) > width * 1.5 ? `${line.slice(0, Math.floor(width / 6))}…` : line)).join("\n");
  };
  const legendRows = (names, width) => {
    let rows = 1, left = width;
    names.forEach((name) => {
      const need = wide(name) + 30;
      if (need > left && left < width) { rows += 1; left = width; }
      left -= need;
    });
    return names.length > 6 ? 1 : rows;
  };
  // A slider under (or beside) many labels. The wheel goes on scrolling the page; with Shift it zooms.
  const zoom = (count, upright) => {
    if (count <= MANY) return undefined;
    const axis = upright ? { yAxisIndex: 0 } : { xAxisIndex: 0 };
    const place = upright ? { right: 0, width: 18 } : { bottom: 4, height: 18 };
    return [
      { type: "slider", ...axis, ...place, showDetail: false, startValue: 0, endValue: MANY - 1, borderColor: line },
      { type: "inside", ...axis, zoomOnMouseWheel: "shift", moveOnMouseWheel: false, moveOnMouseMove: true },
    ];
  };

  const api = window.xxgxCharts = {
    kinds: {}, colours, order, ink, soft, line, number, short, tooltip, text, base, valueAxis, categoryAxis, legend, legendRows, lines, wide, zoom, MANY, drawAll,
    chart: (box) => drawn.get(box),
  };

  function draw(box) {
    if (drawn.has(box)) return;
    const data = document.getElementById(box.dataset.chart);
    const spec = data && JSON.parse(data.textContent);
    const kind = spec && (Object.hasOwn(api.kinds, spec.kind) ? api.kinds[spec.kind] : null);
    if (!window.echarts || !kind) {  // the library or the kind did not arrive: the table stands open, nothing is kept free
      box.hidden = true;
      return;
    }
    const chart = window.echarts.init(box, null, { renderer: "canvas" });
    drawn.set(box, chart);
    const table = box.parentElement.querySelector(`[data-chart="${box.dataset.chart}"] ~ details.fold`);
    const button = box.parentElement.querySelector(`[data-picture="${box.dataset.chart}"]`);
    let shown = false;
    // The table stays open until the picture is really there; after that it is the reader's to open and close.
    chart.on("finished", () => {
      if (shown || !box.clientWidth) return;
      shown = true;
      box.setAttribute("data-drawn", "");
      if (table) table.open = false;
      if (button) button.hidden = false;
    });
    const paint = () => {
      const narrow = box.clientWidth < 480;
      chart.resize();
      chart.setOption(kind(spec, narrow, box.clientWidth), true);
    };
    paint();
    let width = box.clientWidth;
    const watch = new ResizeObserver(() => {
      if (!box.isConnected) {  // htmx took it away
        watch.disconnect();
        chart.dispose();
      } else if (box.clientWidth !== width && !paper.matches) {  // on paper the picture there is takes the width, by site.css
        width = box.clientWidth;
        paint();
      }
    });
    watch.observe(box);
    if (button) button.addEventListener("click", () => save(chart, box));
  }

  // The picture as a file: its title above, white behind, twice as fine as the screen.
  function save(chart, box) {
    const fine = 2, head = 44;
    const image = chart.renderToCanvas({ pixelRatio: fine, backgroundColor: "#fff" });
    const sheet = document.createElement("canvas");
    sheet.width = image.width;
    sheet.height = image.height + head * fine;
    const pen = sheet.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, sheet.width, sheet.height);
    pen.fillStyle = ink;
    pen.font = `bold ${17 * fine}px ${font}`;
    pen.textBaseline = "middle";
    pen.fillText(box.dataset.title || "", 12 * fine, head * fine / 2, sheet.width - 24 * fine);
    pen.drawImage(image, 0, head * fine);
    sheet.toBlob((blob) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = `${box.dataset.title || "chart"}.png`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    }, "image/png");
  }

  function drawAll(root) {
    if (root.matches && root.matches(".chart[data-chart]")) draw(root);
    root.querySelectorAll(".chart[data-chart]").forEach(draw);
  }

  // On paper every table stands under its picture, also where the browser would leave it folded; a picture as wide as the
  // screen is drawn again as wide as the paper, so that its letters stay readable.
  let folded = [], pictures = [];
  window.addEventListener("beforeprint", () => {
    pictures = [...document.querySelectorAll(".chart[data-drawn]")].filter((box) => drawn.has(box) && box.clientWidth > PAPER);
    pictures.forEach((box) => drawn.get(box).resize({ width: PAPER, height: box.clientHeight }));
    folded = [...document.querySelectorAll(".chart ~ details.fold:not([open])")];
    folded.forEach((fold) => { fold.open = true; });
  });
  window.addEventListener("afterprint", () => {
    folded.splice(0).forEach((fold) => { fold.open = false; });
    pictures.splice(0).forEach((box) => drawn.get(box).resize({ width: "auto", height: "auto" }));
  });

  const begin = () => {
    drawAll(document);
    document.addEventListener("htmx:load", (event) => drawAll(event.detail.elt));
  };
  // Deferred scripts all run before this event: the kinds of every file are known by then.
  if (document.readyState === "complete") begin(); else document.addEventListener("DOMContentLoaded", begin, { once: true });
})();
