/* On a phone the menu and the tabs are rows that scroll: where one is, and what keys come to, is brought into the middle. */
"use strict";
document.querySelectorAll(".site-nav ul, .tabs").forEach((row) => {
  const show = (entry) => {
    const [box, at] = [row.getBoundingClientRect(), entry.getBoundingClientRect()];
    row.scrollLeft += at.left + at.width / 2 - box.left - box.width / 2;
  };
  const here = row.querySelector("[aria-current]");
  if (here) show(here);
  row.addEventListener("focusin", (event) => show(event.target));
});
