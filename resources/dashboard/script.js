"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const LOOKS = {
    completed: ["completed", "good"], failed: ["failed", "bad"], stopped: ["stopped", "quiet"], idle: ["idle", "quiet"],
    unknown: ["unknown", "warning"], starting: ["starting", "active"], running: ["running", "active"],
    stopping: ["stopping", "warning"], lost_contact: ["lost_contact", "warning"],
  };
  const REFRESH = 30000, SILENCE = 25000, DAYS = 2, LOG_LINES = 2000;
  const state = {
    status: null, runs: new Map(), rows: new Map(), selected: null, pending: new Set(), asked: 0, stream: null,
    heard: 0, dataAt: 0, lostAt: 0, log: null, events: [], next: null, focusBack: null,
  };

  // --- texts -------------------------------------------------------------------------------------------------------
  // Texts of others are only ever text: no markup is made of them, and what would turn or hide a line is shown as a sign.
  const plain = (text) => String(text ?? "").replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, "\ufffd");
  const line = (text) => plain(text).replace(/\s+/g, " ").trim();
  const put = (node, text) => { if (node.textContent !== text) node.textContent = text; };
  const make = (tag, className, text) => { const node = document.createElement(tag); if (className) node.className = className; if (text !== undefined) node.textContent = text; return node; };
  const two = (number) => String(number).padStart(2, "0");
  const clock = (seconds) => {
    if (seconds === null || seconds === undefined || !isFinite(seconds)) return "–";
    const whole = Math.max(0, Math.floor(seconds)), days = Math.floor(whole / 86400), rest = whole % 86400;
    return `${days ? `${days} d ` : ""}${two(Math.floor(rest / 3600))}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}`;
  };
  const ago = (ms) => { const s = Math.round(ms / 1000); return s < 60 ? `${s} s` : s < 3600 ? `${Math.floor(s / 60)} min` : `${Math.floor(s / 3600)} h`; };
  const moment = (text) => {
    const at = text ? new Date(text) : null;
    if (!at || isNaN(at)) return { short: "–", full: "not recorded" };
    const now = new Date(), days = Math.round((new Date(now).setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 86400000);
    const time = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: days ? undefined : "2-digit", hour12: false });
    const short = days === 0 ? time : days === 1 ? `yesterday ${time}` : `${at.toLocaleDateString([], { day: "numeric", month: "short", year: at.getFullYear() === now.getFullYear() ? undefined : "numeric" })} ${time}`;
    return { short, full: `${at.toLocaleString()}\n${text.slice(0, 19).replace("T", " ")} UTC` };
  };
  const when = (node, text) => { const { short, full } = moment(text); put(node, short); if (node.title !== full) node.title = full; };
  const isRunning = (run) => (run.status ?? "").trim().toLowerCase() === "running";
  const object = (value) => (value && typeof value === "object" ? value : {});
  const nameOf = (run) => { const name = object(object(run.metadata).configuration).name; return line(typeof name === "string" && name ? name : run.run_id) || "(no name)"; };
  const lookOf = (word, phase) => {
    const known = (word ?? "").trim().toLowerCase();
    const key = known === "running" && LOOKS[phase] && phase !== "idle" ? phase : known;
    const look = LOOKS[key];
    return look ? { word: key.replace("_", " "), icon: look[0], tone: look[1] } : { word: line(word).slice(0, 50) || "–", icon: "unknown", tone: "quiet" };
  };
  const icon = (name) => { const NS = "http://www.w3.org/2000/svg", svg = document.createElementNS(NS, "svg"), use = document.createElementNS(NS, "use"); svg.setAttribute("class", "icon"); svg.setAttribute("aria-hidden", "true"); use.setAttribute("href", `#i-${name}`); svg.append(use); return svg; };
  const facts = (list, pairs) => {
    const wanted = pairs.filter(([, text]) => text);
    while (list.children.length > wanted.length) list.lastChild.remove();
    wanted.forEach(([label, text, full], index) => {
      const box = list.children[index] ?? list.appendChild(make("div"));
      if (!box.children.length) box.append(make("dt"), make("dd"));
      put(box.children[0], label); put(box.children[1], text); box.children[1].title = full ?? "";
    });
  };

  // --- the state of now --------------------------------------------------------------------------------------------
  const showStatus = (status) => {
    const before = state.status;
    state.status = status; state.asked = performance.now();
    const look = status.is_running === null ? lookOf("unknown") : status.is_running ? lookOf("running", status.phase) : lookOf("idle");
    $("now").dataset.tone = look.tone;
    $("state-icon").setAttribute("href", `#i-${look.icon}`);
    const word = look.word[0].toUpperCase() + look.word.slice(1);
    put($("state"), status.is_running ? `${word} · ${line(status.pipeline)}` : word);
    put($("sentence"), plain(status.sentence));
    const started = moment(status.start_time);
    facts($("facts"), status.is_running ? [["since", started.short, started.full], ["started by", line(status.started_by) || "another program"], ["stop asked for by", line(status.stop_requested_by)], ["application", line(status.application_id)], ["run", line(status.run_id)]] : []);
    const progress = status.progress ?? {};
    $("progress-row").hidden = !progress.text;
    put($("progress-text"), line(progress.text));
    if (progress.tasks_total > 0) { $("progress").max = progress.tasks_total; $("progress").value = progress.tasks_completed ?? 0; } else $("progress").removeAttribute("value");
    server($("database"), "database", status.database); server($("spark"), "Spark", status.spark);
    if (before && before.run_id !== status.run_id) state.pending.clear();
    permit(); tick();
  };
  const server = (node, name, contact) => {
    const [word, tone, sign] = contact.reachable === null ? ["not asked yet", "quiet", "unknown"] : contact.reachable ? ["reachable", "good", "completed"] : ["not reachable", "bad", "failed"];
    node.dataset.tone = tone; node.querySelector("use").setAttribute("href", `#i-${sign}`);
    put(node.querySelector("span"), `${name} ${word}`); node.title = line(contact.reason);
  };
  const permit = () => {
    const status = state.status, lost = state.lostAt !== 0;
    let start = null, stop = null;
    if (lost) start = stop = "The service can't be reached, so nothing can be started or stopped from here.";
    else if (status.is_running === null) start = stop = "It is not known whether a pipeline is running.";
    else if (status.is_running) {
      start = "Only one pipeline may run at a time.";
      if (status.ours === false) stop = "Another program started this run, and it alone can stop it.";
    } else stop = "No pipeline is running.";
    if (!$("configuration").options.length) start ??= "There is nothing to start.";
    if (state.pending.has("start")) start = "The start is under way.";
    if (state.pending.has("stop")) stop = "The stop is under way.";
    $("start").disabled = start !== null; $("stop").disabled = stop !== null;
    put($("stop-word"), status.stop_requested_by ? "Stop now" : "Stop");
    put($("why"), data.may_act ? (state.pending.has("start") ? start : lost || status.is_running === null ? start : status.is_running ? stop ?? start : "") : data.live ? "You may look; starting and stopping needs an operator's token." : "");
  };
  const tick = () => {
    const now = performance.now(), status = state.status;
    put($("clock"), status.is_running && status.duration !== null ? clock(status.duration + (data.live ? now - state.asked : 0) / 1000) : "");
    for (const [id, run] of state.runs) if (isRunning(run) && run.duration !== null) put(state.rows.get(id).cells[3], clock(run.duration + (data.live ? now - run.asked : 0) / 1000));
    if (!data.live) return;
    const age = now - state.dataAt;
    put($("age"), state.dataAt === 0 ? "" : age < (state.heard ? 12000 : 2500) && !state.lostAt ? "up to date" : `data is ${ago(age)} old`);
    const word = state.lostAt ? `server lost ${ago(now - state.lostAt)} ago` : state.heard ? "live" : document.hidden ? "paused" : "every 30 s";
    $("live").dataset.state = state.lostAt ? "lost" : state.heard ? "live" : "slow";
    put($("connection"), word);
  };

  // --- the history: rows are changed in place, so that selection and scroll stay -----------------------------------
  const order = (one, two) => {
    const a = one.start_time, b = two.start_time;
    if (a !== b) return a === null ? 1 : b === null ? -1 : a < b ? 1 : -1;
    return one.run_id < two.run_id ? 1 : -1;
  };
  const outcome = (run) => {
    if (isRunning(run)) return state.status && state.status.run_id === run.run_id ? line(state.status.progress?.text ?? "") : "";
    if (run.error_message) return line(run.error_message);
    const by = object(run.metadata).stopped_by;
    return typeof by === "string" && by ? `by ${line(by)}` : "";
  };
  const row = (run) => {
    const tr = make("tr"); tr.setAttribute("role", "row");
    for (const className of ["status", "name", "when", "number", "by", "last"]) { const cell = make("td", className); cell.setAttribute("role", "cell"); tr.append(cell); }
    tr.cells[0].append(icon("unknown"), make("span"));
    const link = make("button", "link"); link.type = "button"; tr.cells[1].append(link);
    tr.cells[5].append(make("span", "outcome"));
    tr.addEventListener("click", () => select(run.run_id, true));
    return tr;
  };
  const paint = (tr, run) => {
    const current = state.status && state.status.run_id === run.run_id;
    const look = lookOf(run.status, current ? state.status.phase : object(run.metadata).phase);
    if (tr.dataset.word !== undefined && tr.dataset.word !== look.word) { tr.classList.remove("fresh"); void tr.offsetWidth; tr.classList.add("fresh"); }
    tr.dataset.tone = look.tone; tr.dataset.word = look.word;
    tr.cells[0].querySelector("use").setAttribute("href", `#i-${look.icon}`);
    put(tr.cells[0].querySelector("span"), look.word);
    put(tr.cells[1].firstChild, nameOf(run)); tr.cells[1].firstChild.title = line(run.run_id);
    when(tr.cells[2], run.start_time);
    if (!isRunning(run) || run.duration === null) put(tr.cells[3], clock(run.duration));
    const by = object(run.metadata).started_by;
    put(tr.cells[4], typeof by === "string" && by ? line(by) : "another program");
    put(tr.cells[5].firstChild, outcome(run).slice(0, 400));
    tr.setAttribute("aria-selected", String(state.selected === run.run_id));
    const words = $("filter").value.trim().toLowerCase(), only = $("only").value;
    tr.hidden = (only !== "" && (run.status ?? "").trim().toLowerCase() !== only) || (words !== "" && ![run.run_id, nameOf(run), tr.cells[4].textContent, outcome(run)].some((text) => text.toLowerCase().includes(words)));
  };
  const showRun = (run) => {
    const before = state.runs.get(run.run_id);
    run.asked = performance.now();
    state.runs.set(run.run_id, run);
    let tr = state.rows.get(run.run_id);
    if (!tr) { tr = row(run); state.rows.set(run.run_id, tr); }
    paint(tr, run);
    if (!tr.isConnected || (before && before.start_time !== run.start_time)) {
      const after = [...$("runs").children].find((other) => other !== tr && order(run, state.runs.get(other.dataset.id)) < 0);
      tr.dataset.id = run.run_id;
      $("runs").insertBefore(tr, after ?? null);
    }
    if (run.run_id === state.selected) showDetails(run);
  };
  const forget = (id) => { state.rows.get(id)?.remove(); state.rows.delete(id); state.runs.delete(id); };
  const showRuns = (runs) => {
    const ids = new Set(runs.map((run) => run.run_id));
    for (const id of [...state.runs.keys()]) if (!ids.has(id)) forget(id);
    runs.forEach(showRun); count();
  };
  const repaint = () => { for (const [id, run] of state.runs) paint(state.rows.get(id), run); count(); };
  const count = () => {
    const shown = [...state.rows.values()].filter((tr) => !tr.hidden).length;
    $("empty").hidden = shown > 0;
    put($("empty"), data.trouble && !state.runs.size ? line(data.trouble) : state.runs.size ? "No run matches the filter." : "No pipeline ran in the last two days.");
    $("more").hidden = !state.next; put($("more"), "There are more runs than are shown here; the export has them all.");
  };

  // --- one run -----------------------------------------------------------------------------------------------------
  const select = (id, byHand) => {
    if (byHand) state.focusBack = document.activeElement;
    const other = state.selected !== id;
    state.selected = id;
    history.replaceState(null, "", id === null ? location.pathname : `#run=${encodeURIComponent(id)}`);
    repaint();
    $("details").hidden = id === null;
    if (!other && !byHand) return;
    closeLog();
    if (id === null) return;
    const run = state.runs.get(id);
    if (run) showDetails(run);
    state.events = []; $("run-events").replaceChildren();
    if (data.live) { loadEvents(); openLog(); }
    if (byHand) { $("run-title").focus({ preventScroll: true }); $("details").scrollIntoView({ block: "nearest" }); }
  };
  const showDetails = (run) => {
    const look = lookOf(run.status, object(run.metadata).phase), metadata = object(run.metadata), end = moment(run.end_time), start = moment(run.start_time);
    put($("run-title"), nameOf(run));
    facts($("run-facts"), [["run", line(run.run_id)], ["status", look.word], ["started", start.short, start.full], ["ended", run.end_time ? end.short : "", end.full], ["lasted", isRunning(run) ? "" : clock(run.duration)], ["started by", typeof metadata.started_by === "string" ? line(metadata.started_by) : ""], ["stopped by", typeof metadata.stopped_by === "string" ? line(metadata.stopped_by) : ""], ["exit code", metadata.exit_code === undefined || metadata.exit_code === null ? "" : line(metadata.exit_code)], ["application", typeof metadata.application_id === "string" ? line(metadata.application_id) : ""]]);
    $("run-error").hidden = !run.error_message; put($("run-error"), plain(run.error_message));
    put($("run-command"), plain(run.command) || "not recorded");
    $("beyond").hidden = !data.live;
  };
  const showEvent = (event) => {
    const item = make("li"), at = make("span", "quiet"), tone = LOOKS[event.new_status];
    item.dataset.tone = tone ? tone[1] : "quiet";
    when(at, event.at);
    const what = event.kind === "status changed" ? `${line(event.old_status)} → ${line(event.new_status)}` : line(event.kind);
    item.append(at, ` ${what}`, make("span", "quiet", event.actor ? ` by ${line(event.actor)}${event.via ? ` (${line(event.via)})` : ""}` : ""));
    $("run-events").append(item);
  };
  const loadEvents = async () => {
    const id = state.selected;
    try {
      const answer = await ask(`/api/pipeline/runs/${encodeURIComponent(id)}/events`);
      if (id !== state.selected) return;
      $("run-events").replaceChildren(); answer.events.forEach(showEvent);
    } catch (error) { if (id === state.selected && error.problem) put($("log-note"), line(error.message)); }
  };
  const openLog = () => {
    closeLog(false);
    if (state.selected === null || document.hidden || !data.live) return;
    const view = $("run-log"), source = new EventSource(`/api/pipeline/runs/${encodeURIComponent(state.selected)}/log?tail=500`);
    let begun = false;
    state.log = source;
    put($("log-note"), "reading …");
    const begin = () => { if (!begun) { view.replaceChildren(); begun = true; } };
    source.addEventListener("lines", (event) => {
      const { lines, skipped } = JSON.parse(event.data);
      if (!event.lastEventId || !begun) begin();
      put($("log-note"), skipped ? `${skipped.toLocaleString()} earlier lines are not shown` : $("log-note").textContent === "reading …" ? "" : $("log-note").textContent);
      const lowest = view.scrollHeight - view.scrollTop - view.clientHeight < 40;
      view.append(...lines.map((text) => `${plain(text)}\n`));
      while (view.childNodes.length > LOG_LINES) view.firstChild.remove();
      if ($("follow").checked && lowest) view.scrollTop = view.scrollHeight;
    });
    source.addEventListener("trouble", (event) => put($("log-note"), line(JSON.parse(event.data).detail)));
    source.addEventListener("end", () => { begin(); if ($("log-note").textContent === "reading …") put($("log-note"), view.childNodes.length ? "" : "no lines"); source.close(); });
    source.onerror = () => { if (source.readyState === EventSource.CLOSED) put($("log-note"), "The log can't be read."); };
  };
  const closeLog = (empty = true) => { state.log?.close(); state.log = null; if (empty) { $("run-log").replaceChildren(); put($("log-note"), ""); } };

  // --- asking and acting -------------------------------------------------------------------------------------------
  const ask = async (path, options = {}) => {
    const answer = await fetch(path, { credentials: "same-origin", signal: AbortSignal.timeout(60000), ...options });
    if (answer.status === 401) { location.assign("/login"); throw new Error("Log in again."); }
    const body = await answer.json();
    if (!answer.ok) { const error = new Error(body.detail ?? answer.statusText); error.problem = body; throw error; }
    return body;
  };
  const post = async (path, body, headers = {}) => {
    for (let attempt = 1; ; attempt += 1) {
      try { return await ask(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...headers } }); }
      catch (error) { if (error.problem || attempt === 3) throw error; await new Promise((done) => setTimeout(done, 1000)); }
    }
  };
  const say = (text, tone) => {
    const message = $("message");
    message.hidden = false; message.dataset.tone = tone;
    $("message-icon").setAttribute("href", `#i-${tone === "good" ? "completed" : tone === "bad" ? "failed" : "info"}`);
    put($("message-text"), plain(text));
    put($(tone === "bad" ? "alarm" : "said"), ""); put($(tone === "bad" ? "alarm" : "said"), plain(text));
  };
  const act = async (kind, call) => {
    state.pending.add(kind); permit();
    try { const answer = await call(); say(answer.message, answer.success ? "good" : "warning"); }
    catch (error) { say(error.problem ? error.message : `No answer from the service: ${error.message}. Whether it was done is shown as soon as it answers.`, "bad"); }
    finally { state.pending.delete(kind); permit(); refresh(); }
  };
  const key = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const start = () => act("start", () => post("/api/pipeline/start", { configuration: $("configuration").value }, { "Idempotency-Key": key() }));
  const stop = async () => {
    const { run_id: id, pipeline, duration, stop_requested_by: asked } = state.status;
    const force = Boolean(asked), name = line(pipeline);
    put($("confirm-title"), force ? `Stop “${name}” without grace?` : `Stop “${name}”?`);
    put($("confirm-text"), force ? "Its driver is killed at once; what it is writing may be left half done." : `It has run for ${clock(duration + (performance.now() - state.asked) / 1000)}. Its driver may end by itself within the grace period.`);
    put($("confirm-yes"), force ? "Kill it" : "Stop it");
    $("confirm").returnValue = "no"; $("confirm").showModal();
    await new Promise((closed) => $("confirm").addEventListener("close", closed, { once: true }));
    if ($("confirm").returnValue === "yes") act("stop", () => post("/api/pipeline/stop", force ? { run_id: id, grace_seconds: 0 } : { run_id: id }));
  };

  // --- staying up to date ------------------------------------------------------------------------------------------
  const fresh = () => { state.dataAt = performance.now(); state.lostAt = 0; };
  const lost = () => { if (!state.lostAt) { state.lostAt = performance.now(); put($("alarm"), "The service can't be reached."); } permit(); tick(); };
  let refreshing = null, again = false;
  const refresh = () => {
    if (refreshing) { again = true; return refreshing; }
    refreshing = (async () => {
      do {
        again = false;
        try {
          const [status, page] = await Promise.all([ask("/api/pipeline/status"), ask(`/api/pipeline/runs?days=${DAYS}`).catch((error) => { if (!error.problem) throw error; data.trouble = error.message; return null; })]);
          const wasLost = state.lostAt !== 0;
          fresh(); showStatus(status);
          if (page) { state.next = page.next; data.trouble = null; showRuns(page.runs); }
          if (wasLost && !state.stream) listen();
        } catch { lost(); }
      } while (again);
      refreshing = null; tick();
    })();
    return refreshing;
  };
  const listen = () => {
    state.stream?.close(); state.heard = 0;
    if (document.hidden) { state.stream = null; return; }
    const source = state.stream = new EventSource("/api/pipeline/events");
    const on = (kind, hear) => source.addEventListener(kind, (event) => { state.heard = performance.now(); fresh(); hear(JSON.parse(event.data)); });
    on("status", (status) => { showStatus(status); repaint(); });
    on("run", (run) => { showRun(run); count(); });
    on("deleted", ({ run_id: id }) => { forget(id); count(); });
    on("recorded", (event) => { if (event.run_id === state.selected) showEvent(event); });
    on("reload", refresh); on("ping", tick);
    source.onopen = () => { state.heard = performance.now(); fresh(); permit(); tick(); };
    source.onerror = () => { state.heard = 0; refresh(); if (source.readyState === EventSource.CLOSED && state.stream === source) { state.stream = null; setTimeout(() => { if (!state.stream) listen(); }, 5000); } };
  };
  const wake = () => { if (document.hidden) { state.stream?.close(); state.stream = null; state.heard = 0; closeLog(false); } else { refresh(); listen(); if (state.selected !== null) { loadEvents(); openLog(); } } };

  // --- beginning ---------------------------------------------------------------------------------------------------
  document.documentElement.style.setProperty("--system", CSS.supports("color", data.color ?? "") ? data.color : "");
  for (const name of data.configurations) { const option = make("option", "", name); option.value = name; $("configuration").append(option); }
  $("controls").hidden = !data.may_act; $("csv").hidden = !data.live; $("leave").hidden = !data.may_leave;
  $("runs").replaceChildren();
  state.next = data.next;
  showStatus(data.status); showRuns(data.runs); tick();
  $("filter").addEventListener("input", repaint); $("only").addEventListener("change", repaint);
  $("close").addEventListener("click", () => { select(null); state.focusBack?.focus(); });
  $("message-close").addEventListener("click", () => { $("message").hidden = true; });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && state.selected !== null && !$("confirm").open) $("close").click(); });
  const wanted = /^#run=(.+)$/.exec(location.hash);
  if (wanted) { try { const id = decodeURIComponent(wanted[1]); if (state.runs.has(id)) select(id); } catch { history.replaceState(null, "", location.pathname); } }
  if (!data.live) return;
  $("start").addEventListener("click", start); $("stop").addEventListener("click", stop);
  state.dataAt = performance.now();
  listen();
  setInterval(tick, 500);
  setInterval(() => { if (!document.hidden) { if (state.heard && performance.now() - state.heard > SILENCE) listen(); refresh(); } }, REFRESH);
  document.addEventListener("visibilitychange", wake);
})();
