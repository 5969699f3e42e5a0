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
    if (!gate) return show("Go to a gate first, with j and k.");
    if (!gate.dataset[key]) return show(`This gate has no choice that ${does[key]}.`);
    location.assign(gate.dataset[key]);
  }

  const effects = { a: "approve", r: "reject", d: "hold" };
  const does = { a: "approves", r: "rejects", d: "defers" };

  function atGate(key) {
    const choice = document.querySelector(`.decide input[data-effect="${effects[key]}"]`);
    if (!document.querySelector("form.answer")?.checkVisibility()) return show("There is nothing to answer here.");
    if (!choice) return show(`This gate has no choice that ${does[key]}.`);
    choice.checked = true;
    choice.focus();
    choice.scrollIntoView({ block: "center" });
  }

  const announce = document.getElementById("announce");

  // Read aloud; and seen too, until the next key, where somebody has asked for what is not there.
  function show(text) {
    announce.textContent = text;
    announce.classList.remove("hidden");
  }

  document.addEventListener("keydown", (event) => {
    announce.classList.add("hidden");
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

  // A session has ended: the page says so, and keeps what was written on it. Once the stream is let in again somebody
  // has signed in, and the page is asked for what it is now.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status !== 401) return;
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  });
  document.addEventListener("htmx:sseOpen", () => {
    if (document.querySelector("[data-is-out]")) htmx.trigger("#live [hx-get]", "sse:changed");
  });

  // A part of the page was loaded anew: who was reading stays where they were, what was open stays open, and all are
  // told.
  let before = null;
  document.addEventListener("htmx:beforeSwap", () => {
    const active = document.activeElement;
    const reason = document.getElementById("reason");
    before = {
      reading: active && active.matches("#list .title") ? active.getAttribute("href") : null,
      index: current(),
      open: new Map([...document.querySelectorAll("details[data-key]")].map((one) => [one.dataset.key, one.open])),
      reason: reason ? reason.value : "",
      isReasoning: reason !== null && reason === active,
    };
  });

  function restore() {
    for (const one of document.querySelectorAll("details[data-key]")) {
      if (before.open.has(one.dataset.key)) one.open = before.open.get(one.dataset.key);
    }
    const reason = document.getElementById("reason");
    if (reason && before.reason) reason.value = before.reason;
    // Nothing is focused in what is not open yet.
    if (reason && before.isReasoning) reason.focus();
    if (!before.reading) return;
    const all = titles();
    const again = all.find((title) => title.getAttribute("href") === before.reading);
    // What was read is gone: whoever goes on goes on with what has taken its place.
    (again || all[Math.min(before.index, all.length - 1)] || document.getElementById("main")).focus();
  }

  // The form goes with what it was about; what was written in it does not.
  function keepWritten() {
    const form = document.querySelector("form.answer");
    if (!form || !document.querySelector("#standing .receipt") || document.getElementById("written")) return;
    const fields = [...form.querySelectorAll("textarea, input:not([type]):not([name=actor])")];
    const texts = fields.map((field) => field.value.trim()).filter(Boolean);
    if (!texts.length) return;
    const written = document.createElement("details");
    const summary = document.createElement("summary");
    const text = document.createElement("pre");
    Object.assign(written, { id: "written", className: "fold", open: true });
    summary.textContent = "What you wrote";
    Object.assign(text, { className: "wrap", tabIndex: 0, textContent: texts.join("\n\n") });
    written.append(summary, text);
    document.getElementById("standing").after(written);
  }

  document.addEventListener("htmx:afterSwap", () => {
    tick();
    restore();
    keepWritten();
    const list = document.getElementById("list");
    const says = (list || document.querySelector("[data-says]")).dataset.says;
    if (says && announce.textContent !== says) announce.textContent = says;
  });

  tick();
  setInterval(tick, 1000);
})();
