/* 多维检索: makes the builder smooth. Without it, and without htmx, every button is a form that is sent. */
(() => {
  "use strict";
  const fold = (text) => text.normalize("NFKC").toLowerCase().replace(/\s+/g, "");
  let count = 0;

  /* A select with some hundred fields becomes a button that opens a list with a search box. The select stays the
     form's own control: it is set, and told of it. Keys: arrows, Home, End, Enter, Escape; typing searches. */
  function chooser(select) {
    if (select.classList.contains("chosen-by-script")) return;
    const words = select.form.closest("[data-chooser-search]")?.dataset ?? document.body.dataset;
    const id = `chooser-${count += 1}`;
    const label = select.id ? document.querySelector(`label[for="${CSS.escape(select.id)}"]`) : null;
    const box = document.createElement("div");
    box.className = "chooser";
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: select.className, id: `${select.id}-b-chooser` });
    button.classList.remove("chosen-by-script");
    button.setAttribute("aria-haspopup", "listbox");
    button.setAttribute("aria-expanded", "false");
    const panel = document.createElement("div");
    panel.className = "chooser-panel";
    panel.hidden = true;
    box.append(button, panel);
    select.before(box);
    select.classList.add("chosen-by-script");
    const name = label ? label.textContent.trim() : "";
    const show = () => {
      const chosen = select.selectedOptions[0];
      button.textContent = chosen ? chosen.textContent : "";
      button.setAttribute("aria-label", `${name} ${button.textContent}`.trim());
    };
    show();
    if (select.autofocus) { button.focus(); }

    let search, list, none, options = [], active = -1;
    const mark = (index) => {
      options[active]?.node.classList.remove("active");
      active = index;
      const found = options[active];
      if (!found) { search.removeAttribute("aria-activedescendant"); return; }
      found.node.classList.add("active");
      found.node.scrollIntoView({ block: "nearest" });
      search.setAttribute("aria-activedescendant", found.node.id);
    };
    const step = (by) => {
      for (let at = active + by; at >= 0 && at < options.length; at += by) {
        if (!options[at].node.hidden) { mark(at); return; }
      }
    };
    const narrow = () => {
      const wanted = fold(search.value);
      let first = -1, best = 3;
      options.forEach((option, index) => {
        option.node.hidden = !option.text.includes(wanted);
        // The very name before one that begins with it, before one that merely holds it.
        const rank = option.node.hidden ? 3 : option.name === wanted ? 0 : option.name.startsWith(wanted) ? 1 : 2;
        if (rank < best) { best = rank; first = index; }
      });
      list.querySelectorAll("[role=group]").forEach((group) => {
        group.hidden = !group.querySelector("[role=option]:not([hidden])");
      });
      none.hidden = first >= 0;
      mark(first);
    };
    function make() {
      search = document.createElement("input");
      Object.assign(search, { type: "search", className: "form-control form-control-sm", autocomplete: "off", placeholder: words.chooserSearch || "" });
      const role = { role: "combobox", "aria-expanded": "true", "aria-autocomplete": "list", "aria-controls": `${id}-list`, "aria-label": words.chooserSearch || name };
      Object.entries(role).forEach(([key, value]) => search.setAttribute(key, value));
      list = document.createElement("div");
      list.className = "chooser-list";
      list.id = `${id}-list`;
      list.setAttribute("role", "listbox");
      list.setAttribute("aria-label", name);
      none = document.createElement("p");
      none.className = "none";
      none.textContent = words.chooserNone || "";
      const add = (option, parent, topic) => {
        const node = document.createElement("div");
        node.id = `${id}-${options.length}`;
        node.setAttribute("role", "option");
        node.setAttribute("aria-selected", String(option.selected));
        node.textContent = option.textContent;
        node.addEventListener("click", () => take(option));
        parent.append(node);
        options.push({ node, option, name: fold(option.textContent.replace(/（[^（]*）$/, "")), text: fold(`${option.textContent}${topic}`) });
      };
      [...select.children].forEach((child, index) => {
        if (child.tagName !== "OPTGROUP") { add(child, list, ""); return; }
        const group = document.createElement("div");
        group.setAttribute("role", "group");
        const title = document.createElement("div");
        title.className = "topic";
        title.id = `${id}-topic-${index}`;
        title.textContent = child.label;
        group.setAttribute("aria-labelledby", title.id);
        group.append(title);
        [...child.children].forEach((option) => add(option, group, child.label));
        list.append(group);
      });
      panel.append(search, list, none);
      search.addEventListener("input", narrow);
      search.addEventListener("keydown", (event) => {
        const visible = () => options.findIndex((o) => !o.node.hidden);
        const keys = {
          ArrowDown: () => step(1), ArrowUp: () => step(-1), Home: () => mark(visible()),
          End: () => mark(options.findLastIndex((o) => !o.node.hidden)),
          Enter: () => { if (options[active]) take(options[active].option); },
          Escape: () => close(true), Tab: () => close(false),
        };
        if (!keys[event.key]) return;
        if (event.key !== "Tab") event.preventDefault();
        keys[event.key]();
      });
    }
    const outside = (event) => { if (!box.contains(event.target)) close(false); };
    function open() {
      if (!search) make();
      panel.hidden = false;
      button.setAttribute("aria-expanded", "true");
      search.value = "";
      narrow();
      mark(Math.max(0, options.findIndex((o) => o.option.selected)));
      search.focus();
      panel.scrollIntoView({ block: "nearest" });
      document.addEventListener("pointerdown", outside);
    }
    function close(back) {
      panel.hidden = true;
      button.setAttribute("aria-expanded", "false");
      document.removeEventListener("pointerdown", outside);
      if (back) button.focus();
    }
    function take(option) {
      select.value = option.value;
      options.forEach((o) => o.node.setAttribute("aria-selected", String(o.option === option)));
      close(true);
      show();
      select.dispatchEvent(new Event("change", { bubbles: true }));
    }
    button.addEventListener("click", () => (panel.hidden ? open() : close(true)));
    button.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") { event.preventDefault(); open(); }
    });
  }

  /* The columns' boxes: a search that hides what does not match; ticking shows the column at once. */
  function picker(details) {
    const search = details.querySelector("[data-pick-search]");
    if (!search || search.dataset.ready) return;
    search.dataset.ready = "1";
    search.closest(".picker-search").hidden = false;
    const none = details.querySelector("[data-pick-none]");
    const narrow = () => {
      const wanted = fold(search.value);
      let any = false;
      details.querySelectorAll("fieldset").forEach((topic) => {
        const all = fold(topic.querySelector("legend").textContent).includes(wanted);
        let some = false;
        topic.querySelectorAll("label").forEach((label) => {
          label.hidden = !all && !fold(label.textContent).includes(wanted);
          some = some || !label.hidden;
        });
        topic.hidden = !some;
        any = any || some;
      });
      none.hidden = any;
      kept.search = search.value;
    };
    search.addEventListener("input", narrow);
    search.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
    details.addEventListener("toggle", () => { kept.open = details.open; });
    const list = details.querySelector(".picker-list");
    list.addEventListener("scroll", () => { kept.top = list.scrollTop; });
    if (kept.open !== null) details.open = kept.open;
    if (kept.search) { search.value = kept.search; narrow(); }
    list.scrollTop = kept.top;
  }
  const kept = { open: null, search: "", top: 0 };  // how the columns' list stood before the builder was drawn anew

  function ready(root) {
    root.querySelectorAll("select[data-fields]").forEach(chooser);
    root.querySelectorAll("details.picker").forEach(picker);
    if (window.htmx) return;
    // No htmx: choosing a field sends the form, so that the inputs that fit it come.
    root.querySelectorAll("select[data-asks]").forEach((select) => select.addEventListener("change", () => {
      select.form.requestSubmit(select.form.querySelector("button[value=refresh]"));
    }));
  }
  // The builder is drawn anew after every button: the reader goes on where they were, unless told otherwise (autofocus).
  let here = "";
  document.addEventListener("htmx:beforeSwap", () => {
    const at = document.activeElement;
    here = !at || at === document.body ? "" : at.id ? `#${CSS.escape(at.id)}`
      : at.name ? `[name="${CSS.escape(at.name)}"][value="${CSS.escape(at.value)}"]` : "";
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (here && document.activeElement === document.body) document.querySelector(here)?.focus({ preventScroll: true });
    here = "";
  });
  document.addEventListener("DOMContentLoaded", () => ready(document));
  document.addEventListener("htmx:load", (event) => ready(event.detail.elt.parentElement ?? document));
})();
