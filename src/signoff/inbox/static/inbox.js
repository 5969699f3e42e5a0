// What makes the pages quicker: keys, a countdown, and words for screen readers when something changes. Every action is
// a link or a form, and works without this.
"use strict";

(() => {
  const skew = Number(document.body.dataset.now) - Date.now();
  const units = [["d", 86400000], ["h", 3600000], ["min", 60000], ["s", 1000]];

  function span(ms) {
    const parts = [];
    let left = Math.max(0, ms);
    for (const [unit, size] of units) {
      if (left >= size || (parts.length && parts.length < 2)) {
        parts.push(`${Math.floor(left / size)} ${unit}`);
        left %= size;
      }
      if (parts.length === 2) break;
    }
    return parts.filter((part) => !part.startsWith("0 ")).join(" ") || "0 s";
  }

  function tick() {
    const now = Date.now() + skew;
    for (const shown of document.querySelectorAll("[data-deadline]")) {
      const left = Number(shown.dataset.deadline) - now;
      const text = left > 0 ? `${span(left)} left` : `${span(-left)} overdue`;
      if (shown.textContent !== text) shown.textContent = text;
      shown.classList.toggle("critical", left <= 0);
      shown.classList.toggle("warning", left > 0 && left <= 60000);
    }
  }

  const titles = () => [...document.querySelectorAll("#list .gate .title")];
  const current = () => titles().indexOf(document.activeElement);

  function move(by) {
    const all = titles();
    if (!all.length) return;
    const next = all[Math.min(all.length - 1, Math.max(0, current() + by))] || all[0];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }

  function inList(key) {
    if (key === "j") return move(1);
    if (key === "k") return move(current() < 0 ? 1 : -1);
    if (key === "/") {
      document.getElementById("filter").open = true;
      return document.querySelector("input[type=search]").focus();
    }
    if (key === "?") return document.getElementById("keys").showModal();
    const gate = document.activeElement.closest(".gate");
    if (gate && gate.dataset[key]) location.assign(gate.dataset[key]);
  }

  const effects = { a: "approve", r: "reject", d: "hold" };

  function atGate(key) {
    const choice = document.querySelector(`.decide input[data-effect="${effects[key]}"]`);
    if (!choice || !choice.offsetParent) return;
    choice.checked = true;
    choice.focus();
    choice.scrollIntoView({ block: "center" });
  }

  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input:not([type=radio], [type=checkbox]), textarea, select, dialog");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.getElementById("list")) {
      if (!["j", "k", "/", "?", "a", "r", "d"].includes(event.key)) return;
      event.preventDefault();
      inList(event.key);
    } else if (document.getElementById("decide") && event.key in effects) {
      event.preventDefault();
      atGate(event.key);
    }
  });

  // A browser has six connections to one host over HTTP/1.1, and a stream of events holds one: a page that nobody sees
  // gives its own back, and asks for what it has missed when it is looked at again.
  let stream = null;
  htmx.createEventSource = (url) => {
    stream = new EventSource(url);
    if (document.hidden) stream.close();
    return stream;
  };
  document.addEventListener("visibilitychange", () => {
    const live = document.getElementById("live");
    if (!live || !stream) return;
    if (document.hidden) return stream.close();
    if (stream.readyState !== EventSource.CLOSED) return;
    const again = live.cloneNode(true);
    live.replaceWith(again);
    htmx.process(again);
  });

  // A part of the page was loaded anew: who was reading stays where they were, and is told.
  let reading = null;
  document.addEventListener("htmx:beforeSwap", () => {
    const active = document.activeElement;
    reading = active && active.matches("#list .title") ? active.getAttribute("href") : null;
  });
  document.addEventListener("htmx:afterSwap", () => {
    tick();
    if (reading) {
      const again = titles().find((title) => title.getAttribute("href") === reading);
      if (again) again.focus();
    }
    const list = document.getElementById("list");
    const says = (list || document.querySelector("[data-says]")).dataset.says;
    const announce = document.getElementById("announce");
    if (says && announce.textContent !== says) announce.textContent = says;
  });

  tick();
  setInterval(tick, 1000);
})();
