/* On a phone, long parts start folded (<details class="phone-fold" open>): without this script, on a wide screen and on
   paper they stand open. A link into a folded part opens it. */
(() => {
  "use strict";
  const folds = document.querySelectorAll("details.phone-fold");
  const narrow = window.matchMedia("(max-width: 767.98px)");
  const fit = () => folds.forEach((fold) => { fold.open = !narrow.matches; });

  function open() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const fold = target && target.closest("details.phone-fold");
    if (fold && !fold.open) {
      fold.open = true;
      target.scrollIntoView();
    }
  }

  fit();
  open();
  narrow.addEventListener("change", fit);
  window.addEventListener("hashchange", open);
  window.addEventListener("beforeprint", () => folds.forEach((fold) => { fold.open = true; }));
  // The table of contents is done with once an entry is chosen; the entry chosen again opens its part again.
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (!link) return;
    const contents = link.closest(".toc details.phone-fold");
    if (contents && narrow.matches) contents.open = false;
    if (link.hash === location.hash) open();
  });
})();
