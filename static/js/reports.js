/* The firm's form with scripts: every keystroke is kept, here and on the server.
   What is not yet acknowledged stands in this browser's storage, under a key of this tab; it is sent until it is acknowledged, over a
   lost connection, an expired session or a reload. The server decides: a cell somebody else changed meanwhile comes back with both
   texts, to choose one. Without this script the same form is saved by its buttons. */
(() => {
  "use strict";
  const form = document.querySelector("[data-report]");
  if (!form) return;
  const _ = window.gettext || ((text) => text);  // an English page brings its own
  const fill = (text, given) => text.replace(/%\((\w+)\)s/g, (gap, name) => given[name]);
  const { key, user, save, ping, login } = form.dataset;
  const WAIT = 700, TIMEOUT = 15000, SLOWEST = 30000, BEAT = 3000, DEAD = 10000;
  const prefix = `report:${user}:${key}:`;
  const banner = document.querySelector("[data-banner]");
  const status = form.querySelector("[data-status]");
  const token = form.elements.csrfmiddlewaretoken;
  const $ = (parent, selector) => parent.querySelector(selector);

  form.classList.add("scripted");

  // ---- the cells of the page
  const cells = new Map();
  form.querySelectorAll("[data-cell]").forEach((box) => {
    const code = box.dataset.cell;
    cells.set(code, { code, box, text: $(box, `[name="text-${code}"]`), reason: $(box, `[name="reason-${code}"]`),
      choices: [...box.querySelectorAll(`[name="state-${code}"]`)], edition: $(box, `[name="edition-${code}"]`) });
  });
  const flag = (cell) => cell.box.dataset.kind === "flag";
  function content(cell) {
    const choice = (cell.choices.find((one) => one.checked) || {}).value || "";
    const reason = cell.reason.value;
    if (flag(cell)) return { state: choice === "yes" || choice === "no" ? "value" : choice, text: { yes: "是", no: "否" }[choice] || "", reason };
    return { state: choice || (cell.text.value.trim() ? "value" : ""), text: cell.text.value, reason };
  }
  function show(cell, kept) {
    const choice = flag(cell) && kept.state === "value" ? (kept.text === "否" ? "no" : "yes") : flag(cell) && kept.state === "zero" ? "no" : kept.state;
    cell.choices.forEach((one) => { one.checked = one.value === choice; });
    if (cell.text) cell.text.value = kept.text;
    cell.reason.value = kept.reason;
  }
  const same = (a, b) => a.state === b.state && a.text === b.text && a.reason === b.reason;
  const blank = { state: "", text: "", reason: "" };
  const plain = (cell) => cell ? { state: cell.state || "", text: cell.text || "", reason: cell.reason || "" } : blank;

  // ---- what is not acknowledged yet: code → {state, text, reason, edition}
  const pending = new Map();
  const clashes = new Map();
  const tab = Math.random().toString(36).slice(2) + Date.now().toString(36);
  let storage = null;
  try {
    storage = window.localStorage;
    storage.setItem("report:probe", "1");
    storage.removeItem("report:probe");
  } catch { storage = null; }
  function keep(beat = Date.now()) {
    if (!storage) return;
    try {
      if (!pending.size && !clashes.size) storage.removeItem(prefix + tab);
      else storage.setItem(prefix + tab, JSON.stringify({ beat, at: Date.now(), cells: Object.fromEntries([...pending, ...clashes]) }));
    } catch { storage = null; }
  }
  /* What earlier pages of this form left behind: the one this tab showed before, and those of tabs that are gone. */
  function inherited() {
    if (!storage) return {};
    const before = sessionStorage.getItem(prefix), found = {};
    sessionStorage.setItem(prefix, tab);
    Object.keys(storage).filter((name) => name.startsWith(prefix) && name !== prefix + tab).forEach((name) => {
      let kept = null;
      try { kept = JSON.parse(storage.getItem(name)); } catch { /* unreadable: of no use */ }
      if (!kept || !kept.cells) { storage.removeItem(name); return; }
      if (name !== prefix + before && Date.now() - kept.beat < DEAD) return;  // another tab is at work on it
      Object.assign(found, kept.cells);
      storage.removeItem(name);
    });
    return found;
  }

  // ---- instant checks: only the form of a number; the server says the rest
  const halfWidth = (text) => text.normalize("NFKC").replace(/[−－‐–]/g, "-").replace(/。/g, ".").replace(/[\s¥￥$']/g, "");
  function quick(cell) {
    const { kind, unit, low, high } = cell.box.dataset;
    const now = content(cell);
    if (kind === "flag" || now.state !== "value" || !now.text.trim()) return "";
    const read = halfWidth(now.text).match(/^\(?([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)\)?([^\d.,()]*)$/);
    if (!read) return _("请只填数字；没有数据请选“未提供”，确实为零请选“确认为零”。");
    const value = Number(read[1].replace(/,/g, ""));
    if (read[2] && read[2] !== unit) return "";  // in another unit: the server converts and says how
    if (low && value < Number(low)) return fill(_("小于下限 %(bound)s%(unit)s，请核对。"), { bound: Number(low).toLocaleString("zh-CN"), unit: _(unit) });
    if (high && value > Number(high)) return fill(_("大于上限 %(bound)s%(unit)s，请核对单位。"), { bound: Number(high).toLocaleString("zh-CN"), unit: _(unit) });
    return kind === "count" && !Number.isInteger(value) ? _("应为整数。") : "";
  }
  function say(cell, findings) {
    const place = $(cell.box, "[data-said]");
    place.replaceChildren(...findings.map((found) => {
      const line = document.createElement("p");
      line.className = `said said-${found.level}${found.excused ? " said-excused" : ""}`;
      const more = found.hint && !found.excused;
      line.textContent = found.message + (more ? "。" : "");
      if (more) {
        const hint = document.createElement("span");
        hint.className = "said-hint";
        hint.textContent = found.hint;
        line.append(hint);
      }
      return line;
    }));
    cell.box.dataset.worst = findings.some((f) => f.level === "error") ? "error" : findings.some((f) => f.level === "warning" && !f.excused) ? "warning" : "";
    if (findings.some((f) => f.level === "warning" || f.code === "evidence_required")) $(cell.box, "[data-more]").open = true;
  }
  const sayQuick = (cell) => {
    const wrong = quick(cell);
    if (wrong) say(cell, [{ level: "error", code: "quick", message: wrong }]);
    return Boolean(wrong);
  };
  function tell(answer) {
    Object.entries(answer.findings).forEach(([code, findings]) => {
      const cell = cells.get(code);
      if (cell && !pending.has(code)) say(cell, findings);
    });
    const counts = answer.progress;
    const set = (name, value) => { const place = $(form, `[data-${name}]`); if (place) place.textContent = value; return place; };
    set("answered", counts.answered);
    [["errors", "error"], ["warnings", "warning"]].forEach(([name, level]) => {
      set(name, counts[name]);
      const button = $(form, `[data-next="${level}"]`);
      if (button) button.hidden = !counts[name];
    });
    const bar = $(form, "[data-percent]");
    if (bar) bar.value = counts.percent;
  }

  // ---- the banner and the state of saving
  function say_banner(text, link) {
    banner.hidden = !text;
    banner.replaceChildren();
    if (!text) return;
    const line = document.createElement("p");
    line.textContent = text;
    if (link) {
      const a = document.createElement("a");
      a.href = link.href;
      a.target = "_blank";
      a.rel = "opener";
      a.textContent = link.text;
      a.className = "btn btn-sm btn-primary ms-2";
      line.append(" ", a);
    }
    banner.append(line);
  }
  const clock = () => new Date().toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false });
  function say_status(text, bad = false) {
    status.textContent = text;
    status.classList.toggle("bad", bad);
  }

  // ---- sending
  let timer = 0, sending = null, tries = 0, shut = false, signedOut = false, restored = 0;
  const headers = () => ({ "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token.value });
  const body = (codes) => JSON.stringify({ cells: Object.fromEntries(codes.map((code) => [code, pending.get(code)])) });
  async function call(url, options = {}) {
    const cut = new AbortController();
    const watch = setTimeout(() => cut.abort(), TIMEOUT);
    try {
      return await fetch(url, { credentials: "same-origin", redirect: "manual", ...options, signal: cut.signal });
    } finally { clearTimeout(watch); }
  }
  function later(wait = WAIT) {
    clearTimeout(timer);
    timer = setTimeout(send, wait);
  }
  function again() {
    tries += 1;
    const wait = Math.min(SLOWEST, 1000 * 2 ** (tries - 1));
    say_status(storage ? _("连接中断，内容已存在本机，将自动重试") : _("连接中断，请勿关闭本页，将自动重试"), true);
    later(wait);
  }
  function send() {
    clearTimeout(timer);
    if (sending || shut || signedOut || !pending.size) return sending || Promise.resolve();
    sending = attempt().finally(() => {
      sending = null;
      if (pending.size && !shut && !signedOut && !tries) later();
    });
    return sending;
  }
  async function attempt() {
    const sent = new Map([...pending].map(([code, one]) => [code, { ...one }]));
    say_status(_("正在保存…"));
    let answer, told;
    try {
      answer = await call(save, { method: "POST", headers: headers(), body: body([...sent.keys()]) });
      told = answer.status < 500 ? await answer.json() : null;
    } catch { again(); return; }
    if (answer.status >= 500 || answer.status === 429 || answer.type === "opaqueredirect") { again(); return; }
    if (answer.status === 401) { expired(); return; }
    if (answer.status === 403 && told.code === "csrf") { await refresh(); return; }
    if (!answer.ok) {
      shut = true;
      say_status(_("没有保存"), true);
      say_banner([told.message, told.hint, _("您填写的内容仍保留在本机。")].filter(Boolean).join(""));
      return;
    }
    tries = 0;
    settle(sent, told);
  }
  function settle(sent, told) {
    form.elements.edition.value = told.edition;
    sent.forEach((one, code) => {
      const cell = cells.get(code), now = pending.get(code), why = told.refused[code];
      if (why) {
        pending.delete(code);
        if (why.theirs) clash(cell, one, why);
        else say(cell, [{ level: "error", code: why.code, message: why.message }]);
        return;
      }
      cell.edition.value = told.editions[code];
      if (now && same(now, one)) pending.delete(code);
      else if (now) now.edition = told.editions[code];
    });
    keep();
    tell(told);
    if (!pending.size) say_status(fill(_("已保存 %(at)s"), { at: clock() }));
    if (!pending.size && banner.dataset.kind !== "restored") say_banner("");
  }
  /* The session is over. Nothing is sent until somebody has signed in again, in another tab; it is the same person's typing only. */
  function expired() {
    signedOut = true;
    say_status(_("登录已过期，内容已存在本机"), true);
    banner.dataset.kind = "signed-out";
    say_banner(_("登录已过期，您填写的内容不会丢失。请在新窗口登录后回到本页，将自动继续保存。"), { href: login, text: _("去登录") });
  }
  async function refresh() {
    let answer, told;
    try {
      answer = await call(ping, { headers: { Accept: "application/json" } });
      told = await answer.json();
    } catch { if (!signedOut) again(); return; }
    if (answer.status === 401) { if (!signedOut) expired(); return; }
    if (!answer.ok || String(told.user) !== user) {
      signedOut = true;
      say_status(_("没有保存"), true);
      say_banner(_("现在登录的不是原来的账号，为免混淆没有保存。请换回原来的账号登录。"), { href: login, text: _("去登录") });
      return;
    }
    token.value = told.csrf;
    signedOut = false;
    tries = 0;
    banner.dataset.kind = "";
    say_banner("");
    if (pending.size) later(0);
    else say_status(_("已重新连接"));
  }

  // ---- two tabs, two persons: both texts, choose one
  const words = (one) => ({ zero: _("确认为零"), none: _("未提供") }[one.state] || one.text.trim() || _("空"))
    + (one.reason ? fill(_("（说明：%(reason)s）"), one) : "");
  function clash(cell, mine, why) {
    clashes.set(cell.code, { ...mine, edition: why.theirs.edition });
    const box = $(cell.box, "[data-clash]");
    const line = document.createElement("p");
    line.textContent = fill(_("%(message)s您填的是“%(mine)s”，对方填的是“%(theirs)s”。"),
      { message: why.message, mine: words(mine), theirs: words(plain(why.theirs)) });
    const pick = (text, deed) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn btn-sm btn-outline-primary";
      button.textContent = text;
      button.addEventListener("click", () => { clashes.delete(cell.code); box.hidden = true; deed(); keep(); });
      return button;
    };
    box.replaceChildren(line,
      pick(_("用我的"), () => { cell.edition.value = why.theirs.edition; show(cell, mine); typed(cell); }),
      pick(_("用对方的"), () => { cell.edition.value = why.theirs.edition; show(cell, plain(why.theirs)); say_status(fill(_("已保存 %(at)s"), { at: clock() })); }));
    box.hidden = false;
    say_status(_("有一项被他人修改，请选择"), true);
  }

  // ---- typing
  function typed(cell) {
    const now = content(cell);
    const own = clashes.get(cell.code);
    if (own) { Object.assign(own, now); keep(); return; }  // to be decided first
    pending.set(cell.code, { ...now, edition: Number(cell.edition.value) });
    keep();
    say_status(navigator.onLine === false ? _("没有网络，内容已存在本机") : _("有未保存的内容"), navigator.onLine === false);
    if (!tries) later();
  }
  form.addEventListener("input", (event) => {
    const box = event.target.closest("[data-cell]");
    if (!box || event.target.type === "file") return;
    const cell = cells.get(box.dataset.cell);
    if (event.target === cell.text && cell.text.value.trim()) cell.choices.forEach((one) => { one.checked = one.value === "value"; });
    if (event.target.type === "radio" && event.target.value === "value" && cell.text && !cell.text.value) cell.text.focus();
    typed(cell);
  });
  form.addEventListener("focusout", (event) => {
    const box = event.target.closest("[data-cell]");
    const cell = box && cells.get(box.dataset.cell);
    if (cell && event.target === cell.text) sayQuick(cell);
  });
  form.addEventListener("keydown", (event) => {  // Enter goes to the next cell, as in a spreadsheet
    if (event.key !== "Enter" || event.isComposing || !event.target.matches(".cell-text")) return;
    event.preventDefault();
    const texts = [...form.querySelectorAll(".cell-text")].filter((one) => one.offsetParent);
    const next = texts[texts.indexOf(event.target) + 1];
    if (next) { next.focus(); next.select(); }
  });
  form.querySelectorAll("[data-next]").forEach((button) => button.addEventListener("click", () => {
    const wrong = [...cells.values()].filter((cell) => cell.box.dataset.worst === button.dataset.next);
    const at = wrong.findIndex((cell) => cell.box.getBoundingClientRect().top > 120);
    const cell = wrong[at < 0 ? 0 : at];
    if (cell) { cell.box.scrollIntoView({ block: "center" }); (cell.text || cell.choices[0]).focus({ preventScroll: true }); }
  }));

  // ---- buttons: what is typed goes first; files go without leaving the page
  let leaving = false;
  form.addEventListener("submit", async (event) => {
    const button = event.submitter;
    const deed = button ? button.value.split(":")[0] : "save";
    if (deed === "attach" || deed === "remove") { event.preventDefault(); await files(button); return; }
    if (leaving) { event.preventDefault(); return; }  // a second click
    event.preventDefault();
    if (clashes.size) { say_status(_("请先选择被他人修改的那一项"), true); return; }
    leaving = true;
    await send();
    if (pending.size) await send();
    if (signedOut || (pending.size && !shut)) {  // could not be saved: leaving would not help
      leaving = false;
      return;
    }
    form.querySelectorAll("input[type=file]").forEach((one) => { one.value = ""; });
    pending.clear();
    keep();
    const deedField = document.createElement("input");
    deedField.type = "hidden";
    deedField.name = "deed";
    deedField.value = button ? button.value : "save";
    form.append(deedField);
    form.submit();
  });
  async function files(button) {
    const box = button.closest("[data-cell]"), cell = cells.get(box.dataset.cell);
    const chosen = $(box, "input[type=file]");
    const adding = button.value.startsWith("attach:");
    if (adding && !chosen.files.length) { chosen.click(); return; }
    const data = new FormData();
    data.append("csrfmiddlewaretoken", token.value);
    data.append("deed", button.value);
    data.append("metric", cell.code);
    if (adding) data.append(`file-${cell.code}`, chosen.files[0]);
    button.disabled = true;
    say_status(adding ? _("正在上传…") : _("正在移除…"));
    try {
      const answer = await fetch(form.action, { method: "POST", body: data, headers: { Accept: "application/json" }, credentials: "same-origin" });
      const told = await answer.json();
      if (answer.status === 401) expired();
      else if (!answer.ok) { say(cell, [{ level: "error", code: told.code, message: told.message, hint: told.hint }]); say_status(_("没有上传"), true); }
      else {
        $(box, "[data-files]").innerHTML = told.html;  // our own template, escaped there
        if (adding) chosen.value = "";
        tell(told);
        say_status(adding ? _("已上传") : _("已移除"));
      }
    } catch { say_status(_("上传没有成功，请重试"), true); }
    button.disabled = false;
  }
  form.addEventListener("change", (event) => {  // a file chosen is a file uploaded
    if (event.target.type === "file" && event.target.files.length) files($(event.target.closest("[data-cell]"), "[data-attach]"));
  });

  // ---- coming and going
  function merge(kept) {
    Object.entries(kept).forEach(([code, one]) => {
      const cell = cells.get(code);
      if (!cell || same(content(cell), one)) return;
      restored += 1;
      // Typed over an older edition: sent with that edition, so that the server shows both texts.
      show(cell, one);
      pending.set(code, { ...plain(one), edition: one.edition });
    });
    keep();
    if (!restored) return;
    banner.dataset.kind = "restored";
    say_banner(fill(_("已恢复未保存的内容（%(n)s项），正在保存。"), { n: restored }));
    later(0);
  }
  document.addEventListener("leaving", (event) => event.detail.push(send().then(() => pending.size ? send() : null)));  // see leave.js
  document.addEventListener("left", () => { pending.clear(); clashes.clear(); keep(); });
  window.addEventListener("online", () => { tries = 0; if (pending.size) send(); });
  window.addEventListener("offline", () => say_status(_("没有网络，内容会存在本机"), true));
  const back = () => { if (!document.hidden && signedOut) refresh(); };
  document.addEventListener("visibilitychange", back);
  window.addEventListener("focus", back);
  setInterval(() => { if (pending.size || clashes.size) keep(); if (signedOut && !document.hidden) refresh(); }, BEAT);
  window.addEventListener("pagehide", () => {
    keep(0);
    if (pending.size && !shut && !signedOut) fetch(save, { method: "POST", headers: headers(), body: body([...pending.keys()]), keepalive: true, credentials: "same-origin" }).catch(() => {});
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });  // as it is now, not as it was left
  window.addEventListener("beforeunload", (event) => {
    if (!storage && pending.size && !leaving) event.preventDefault();
  });
  cells.forEach((cell) => {
    const lines = [...cell.box.querySelectorAll("[data-said] .said")];
    cell.box.dataset.worst = lines.some((one) => one.matches(".said-error")) ? "error" : lines.some((one) => one.matches(".said-warning:not(.said-excused)")) ? "warning" : "";
  });
  merge(inherited());
})();
