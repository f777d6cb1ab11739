/* A table wider than its box scrolls in it: then the box is reached by Tab, so that the arrows can scroll it, and says what it holds. */
(() => {
  "use strict";
  const named = (box) => {
    const caption = box.querySelector("caption");
    const heading = caption || box.closest("section, article, .panel")?.querySelector("h1, h2, h3, summary");
    return heading ? heading.textContent.trim().replace(/\s+/g, " ") : "";
  };
  const look = () => document.querySelectorAll(".table-box:not([role=region])").forEach((box) => {
    const wide = box.scrollWidth > box.clientWidth + 1;
    if (!wide) { if (box.dataset.scrolls) { ["tabindex", "role", "aria-label", "data-scrolls"].forEach((name) => box.removeAttribute(name)); } return; }
    box.dataset.scrolls = "1";
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    if (named(box)) box.setAttribute("aria-label", named(box));
  });
  let asked = 0;
  const later = () => { cancelAnimationFrame(asked); asked = requestAnimationFrame(look); };
  look();
  window.addEventListener("resize", later);
  window.addEventListener("load", later);
  document.addEventListener("toggle", later, true);  // a fold opened
  document.addEventListener("htmx:load", later);
})();
