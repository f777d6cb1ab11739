/* The board of the hall. It stands for months: everything it draws replaces what was there, and nothing is kept but the last
   values. Two charts, made once; one animation; one timer for refreshing, one for the clock.

   It asks for its values every data-seconds seconds (with the tag of those it has: mostly the answer is 304), waits longer and
   longer when the server is away and says since when, pauses while it cannot be seen, and loads itself anew when the site
   was updated (data-version) and once a night. */
(() => {
  "use strict";
  const body = document.body;
  const find = (name) => document.querySelector(`[data-board-${name}]`);
  const words = find("words").dataset;
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  const phone = window.matchMedia("(max-width: 900px)");
  const EVERY = Number(body.dataset.seconds) * 1000, LONGEST = 5 * 60 * 1000, PATIENCE = 15 * 1000;
  const SPEED = 22;  // milliseconds a pixel of a 1080 screen
  const NIGHT = 3;  // the hour of loading anew
  const colours = { startup: "#bfe0ff", growth: "#7db9ff", expansion: "#ffc46b", mature: "#6fe0a6" };
  const others = ["#7db9ff", "#ffc46b", "#6fe0a6", "#bfe0ff"];
  const started = Date.now();
  let values = JSON.parse(document.getElementById("board-data").textContent);
  let tag = body.dataset.etag, failures = 0, awaySince = null, timer = 0, asking = null, offset = 0, paused = false, reel = null, turn = 0;

  // ---- small helpers
  const put = (element, text) => { if (element && element.textContent !== text) element.textContent = text; };
  const make = (name, text, kind) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    if (kind) element.className = kind;
    return element;
  };
  const row = (cells) => {
    const line = make("tr");
    cells.forEach((cell, i) => {
      const element = make(i ? "td" : "th", cell);
      if (!i) element.scope = "row";
      line.append(element);
    });
    return line;
  };
  const now = () => new Date(Date.now() + offset);  // by the server's clock: the machine in the hall may be wrong
  const locale = document.documentElement.lang;
  const zone = { timeZone: "Asia/Shanghai" };
  const clock = new Intl.DateTimeFormat(locale, { ...zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const day = new Intl.DateTimeFormat(locale, { ...zone, year: "numeric", month: "long", day: "numeric", weekday: "long" });
  const hour = new Intl.DateTimeFormat("en", { ...zone, hour: "2-digit", hourCycle: "h23" });
  const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);

  // ---- what is shown
  function show() {
    const there = Boolean(values.period);
    find("body").hidden = !there;
    find("empty").hidden = there;
    put(find("period"), there ? values.period.name : "");
    put(find("published"), there ? [values.period.published, values.compared].filter(Boolean).join(words.textAnd) : "");
    if (!there) {
      stop();
      return;
    }
    find("figures").replaceChildren(...values.figures.map(figure));
    ["trend", "distribution", "parks"].forEach((name) => put(document.querySelector(`[data-board-title="${name}"]`), values[name].title));
    ["trend", "distribution"].forEach(table);
    ["stages", "clusters"].forEach(parts);
    parks();
    leaders();
    draw();
  }

  function figure(one) {
    const box = make("div"), value = make("dd"), change = make("dd", undefined, `board-change ${one.direction}`);
    value.append(make("strong", one.value), make("span", one.unit));
    const mark = { up: "▲ ", down: "▼ " }[one.direction] || "";
    change.textContent = one.change ? `${mark}${one.change}` : "";
    box.append(make("dt", one.label), value, change);
    return box;
  }

  function table(name) {
    const element = document.querySelector(`[data-board-table="${name}"]`), head = make("tr");
    head.append(...values[name].head.map((cell) => {
      const element = make("th", cell);
      element.scope = "col";
      return element;
    }));
    element.tHead.replaceChildren(head);
    element.tBodies[0].replaceChildren(...values[name].rows.map(row));
  }

  function parts(name) {
    const element = document.querySelector(`[data-board-parts="${name}"]`);
    put(element.tHead.rows[0].cells[0], values[name].title);
    element.tBodies[0].replaceChildren(...values[name].rows.map((one) => {
      const line = row([one.name, "", one.firms, one.mean]), bar = make("meter", one.firms);
      bar.max = 100;
      bar.value = one.share;
      line.cells[1].append(bar);
      return line;
    }));
  }

  function parks() {
    const draw = (name, attributes, text) => {
      const element = document.createElementNS("http://www.w3.org/2000/svg", name);
      Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
      if (text !== undefined) element.textContent = text;
      return element;
    };
    find("parks").replaceChildren(...values.parks.tiles.map((tile) => {
      const box = draw("g", { class: `tone-${tile.tone}`, transform: `translate(${tile.x} ${tile.y})` });
      box.append(
        draw("rect", { x: 2, y: 2, width: tile.inner_width, height: tile.inner_height, rx: 6 }),
        draw("text", { x: 14, y: 32, "font-size": tile.letters }, tile.name),
        draw("text", { x: 14, y: 64, "font-size": tile.letters, class: "strong" }, tile.firms),
        draw("text", { x: 14, y: 94, "font-size": tile.small }, tile.mean),
      );
      return box;
    }));
    // English names are longer than the Chinese ones the letters were measured for.
    find("parks").querySelectorAll("text").forEach((text) => {
      const room = text.parentNode.firstChild.getAttribute("width") - 20, wide = text.getComputedTextLength();
      if (wide > room) text.setAttribute("font-size", (text.getAttribute("font-size") * room) / wide);
    });
  }

  // ---- the list of leaders: once around, then from the beginning; a copy of it follows, so that there is no gap
  function leaders() {
    stop();
    const list = find("reel");
    list.replaceChildren(...values.leaders.map((top) => {
      const part = make("section"), title = make("h3", `${top.name} `), rows = make("ol");
      title.append(make("span", top.firms, "board-soft"));
      rows.append(...top.rows.map((cells) => {
        const line = make("li");
        line.append(...cells.map((cell, i) => make("span", cell, ["board-rank", "board-name", "board-total"][i])));
        return line;
      }));
      part.append(title, rows);
      return part;
    }));
    roll();
  }

  function stop() {
    if (reel) reel.cancel();
    reel = null;
    const list = find("reel");
    list.querySelectorAll("[data-board-copy]").forEach((copy) => copy.remove());
    for (const part of list.children) part.hidden = false;
  }

  function roll() {
    stop();
    const list = find("reel"), view = find("window");
    const high = list.scrollHeight;
    const moves = !phone.matches && list.children.length > 0 && high > view.clientHeight;
    document.documentElement.classList.toggle("board-still", !moves || still.matches || paused);
    find("pause").hidden = !moves;
    if (!moves) return;
    if (still.matches) {  // no motion: one kind of firms after the other, at each refresh
      const shown = turn % list.children.length;
      [...list.children].forEach((part, i) => { part.hidden = !paused && i !== shown; });
      return;
    }
    if (paused) return;
    const gap = 0.4 * rem();
    const copies = [...list.children].map((part) => {
      const copy = part.cloneNode(true);
      copy.setAttribute("aria-hidden", "true");
      copy.setAttribute("data-board-copy", "");
      return copy;
    });
    list.append(...copies);
    view.scrollTop = 0;
    const way = high + gap;
    reel = list.animate(
      [{ transform: "translateY(0)" }, { transform: `translateY(${-way}px)` }],
      { duration: (way * SPEED * 24) / rem(), iterations: Infinity, easing: "linear" },
    );
    if (document.hidden) reel.pause();
  }

  // ---- the two charts
  const charts = {};
  const number = (value) => (value === null || value === undefined ? "—" : Number(value).toLocaleString(locale, { maximumFractionDigits: 2 }));
  function draw() {
    if (!window.echarts) return;
    document.documentElement.classList.add("board-drawn");
    const size = phone.matches ? 13 : rem(), soft = "#d6e4f7", line = "#23497c";
    const text = { color: soft, fontSize: size, fontFamily: getComputedStyle(body).fontFamily };
    const base = {
      animation: false, textStyle: text, grid: { left: 4, right: 4, top: size * 2.2, bottom: 4, containLabel: true },
      legend: { top: 0, left: 0, itemWidth: size, itemHeight: size * 0.6, itemGap: size * 0.4, textStyle: { ...text, fontSize: locale === "en" ? size * 0.8 : size } },
    };
    const letters = (words) => [...words].reduce((sum, letter) => sum + (letter > "\u2e80" ? 1 : 0.55), 0);
    const category = (labels) => ({ type: "category", data: labels, axisLabel: { ...text, interval: "auto", hideOverlap: true }, axisTick: { show: false }, axisLine: { lineStyle: { color: line } } });
    const value = (more) => ({ type: "value", splitNumber: 3, axisLabel: text, splitLine: { lineStyle: { color: line } }, ...more });
    const { trend, distribution } = values;
    paint("trend", {
      ...base, xAxis: category(trend.labels), yAxis: [value(), value({ splitLine: { show: false } })],
      series: [
        { name: trend.bars.name, type: "bar", data: trend.bars.data, barMaxWidth: size * 3.6, itemStyle: { color: "#4d9bff" }, label: { ...text, show: true, position: "inside", color: "#061a38", fontWeight: "bold", formatter: (p) => number(p.value) } },
        { name: trend.line.name, type: "line", yAxisIndex: 1, data: trend.line.data, symbol: "circle", symbolSize: size * 0.6, lineStyle: { width: size * 0.18 }, itemStyle: { color: "#ffc46b" } },
      ],
    });
    // What the figures at either axis are: 家 above the upright one, 分 behind the last label.
    paint("distribution", {
      ...base, grid: { ...base.grid, top: size * 3.3, right: size * (0.6 + letters(distribution.across)) },
      xAxis: { ...category(distribution.labels), name: distribution.across, nameTextStyle: text, nameGap: size * 0.3 },
      yAxis: value({ name: distribution.up, nameTextStyle: { ...text, align: letters(distribution.up) > 1 ? "left" : "right" }, nameGap: size * 0.7 }),
      series: distribution.series.map((one, i) => ({ name: one.name, type: "bar", stack: "all", data: one.data, itemStyle: { color: colours[one.code] || others[i % others.length] } })),
    });
  }

  function paint(name, option) {
    const box = document.querySelector(`[data-board-chart="${name}"]`);
    charts[name] = charts[name] || window.echarts.init(box, null, { renderer: "canvas" });
    charts[name].resize();
    charts[name].setOption(option, { notMerge: true });
  }

  // ---- refreshing
  async function ask() {
    clearTimeout(timer);
    if (asking || document.hidden) return;
    asking = new AbortController();
    const patience = setTimeout(() => asking && asking.abort(), PATIENCE);
    try {
      const answer = await fetch(body.dataset.url, { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store", signal: asking.signal });
      if (answer.status !== 304 && !answer.ok) throw new Error(String(answer.status));
      const found = answer.status === 304 ? null : await answer.json();
      heard(answer, found);
    } catch {
      failures += 1;
      awaySince = awaySince || now();
      say();
    } finally {
      clearTimeout(patience);
      asking = null;
      later();
    }
  }

  function heard(answer, found) {
    const date = Date.parse(answer.headers.get("Date") || "");
    if (!Number.isNaN(date) && Math.abs(date - Date.now() - offset) > 2000) offset = date - Date.now();
    failures = 0;
    awaySince = null;
    turn += 1;
    if (found) {
      if (found.version !== body.dataset.version && anew(found.version)) return;
      tag = answer.headers.get("ETag") || "";
      values = found;
      show();
    } else if (still.matches) {
      roll();
    }
    say();
    // Once a night, and only while the server answers: memory a browser leaked is given back.
    if (Number(hour.format(now())) === NIGHT && Date.now() - started > 2 * 3600 * 1000) window.location.reload();
  }

  /* Loads the page again for another version of the site. Not twice within ten minutes: while two versions stand behind one
     address the board would do nothing else. */
  function anew(version) {
    let last = 0;
    try {
      last = Number(sessionStorage.getItem("board-anew")) || 0;
      sessionStorage.setItem("board-anew", String(Date.now()));
    } catch { /* no storage: as if it had never happened */ }
    if (Date.now() - last < 10 * 60 * 1000) {
      body.dataset.version = version;  // this one is taken as it is; the next change is another matter
      return false;
    }
    window.location.reload();
    return true;
  }

  function later() {
    clearTimeout(timer);
    if (document.hidden) return;
    const wait = Math.min(EVERY * 2 ** Math.min(failures, 8), Math.max(LONGEST, EVERY));
    timer = setTimeout(ask, wait * (0.9 + 0.2 * Math.random()));  // not all boards at the same moment
  }

  function say() {
    const status = find("status"), away = awaySince !== null;
    status.classList.toggle("board-away", away);
    // By the minute: a reader of the screen is not told every half minute.
    put(status, (away ? words.textAway : words.textFresh).replace("%(time)s", clock.format(awaySince || now())));
  }

  function tick() {
    put(find("time"), clock.format(now()));
    put(find("date"), day.format(now()));
  }

  // ---- the screen stays on; the whole of it is used
  let lock = null;
  async function awake() {
    if (!navigator.wakeLock || document.hidden || (lock && !lock.released)) return;
    try {
      lock = await navigator.wakeLock.request("screen");
    } catch { /* a low battery, or not allowed: the board goes on without */ }
  }

  find("pause").addEventListener("click", () => {
    paused = !paused;
    find("pause").setAttribute("aria-pressed", String(paused));
    put(find("pause"), paused ? words.textGo : words.textPause);
    roll();
  });
  const full = find("full");
  full.hidden = !document.fullscreenEnabled;
  full.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()));
  document.addEventListener("fullscreenchange", () => put(full, document.fullscreenElement ? words.textLeave : words.textFull));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      clearTimeout(timer);
      if (reel) reel.pause();
    } else {
      if (reel) reel.play();
      awake();
      ask();
    }
  });
  window.addEventListener("online", ask);
  still.addEventListener("change", () => values.period && roll());
  let resized = 0;
  window.addEventListener("resize", () => {
    clearTimeout(resized);
    resized = setTimeout(() => {
      if (values.period) {
        draw();
        roll();
      }
    }, 200);
  });

  find("clock").hidden = false;
  tick();
  setInterval(tick, 1000);
  show();
  awake();
  later();
})();
