/* Leaving a computer that others use: signing out sends what this account typed and has not sent yet, and takes the rest off this
   browser's storage, after asking. What was left here by a session that ran out stays for its owner, a week at most. */
(() => {
  "use strict";
  const _ = window.gettext || ((text) => text);  // an English page brings its own
  const WEEK = 7 * 24 * 3600 * 1000;
  let storage = null;
  try { storage = window.localStorage; } catch { return; }
  const named = (start) => Object.keys(storage).filter((name) => name.startsWith(start));
  named("report:").forEach((name) => {
    let kept = null;
    try { kept = JSON.parse(storage.getItem(name)); } catch { /* unreadable: of no use */ }
    if (!kept || kept.at < Date.now() - WEEK) storage.removeItem(name);
  });
  const form = document.querySelector("form[data-leave]");
  if (!form) return;
  form.addEventListener("submit", async (event) => {
    if (navigator.onLine === false) return;  // nobody is signed out either
    event.preventDefault();
    const sending = [];
    document.dispatchEvent(new CustomEvent("leaving", { detail: sending }));
    await Promise.all(sending);
    const mine = `report:${form.dataset.leave}:`;
    if (named(mine).length && !window.confirm(_("有填写的内容还没有保存到系统，退出后将从这台电脑上清除。仍要退出吗？"))) return;
    document.dispatchEvent(new Event("left"));
    named(mine).forEach((name) => storage.removeItem(name));
    form.submit();
  });
})();
