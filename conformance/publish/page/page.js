(function () {
  "use strict";
  var $ = function (id) { return document.getElementById(id); };
  var rows = Array.prototype.slice.call(document.querySelectorAll("tr.case"));
  var bodies = Array.prototype.slice.call(document.querySelectorAll("tbody[data-quiet]"));
  var chips = Array.prototype.slice.call(document.querySelectorAll("[data-verdict]"));
  var find = $("find"), differ = $("differ"), all = $("all"), dialog = $("detail"), slot = $("slot");
  var open = null, from = null;
  if (!dialog.showModal) { return; }
  document.documentElement.classList.add("js");
  document.querySelector(".filters").hidden = false;

  // Areas: what passes everywhere is folded away.
  bodies.forEach(function (body) {
    var head = body.querySelector(".area th"), quiet = Number(body.dataset.quiet);
    if (!quiet) { return; }
    var button = document.createElement("button");
    button.type = "button";
    while (head.firstChild) { button.appendChild(head.firstChild); }
    head.appendChild(button);
    button.addEventListener("click", function () { fold(body, !body.classList.contains("closed")); });
    fold(body, true);
  });
  all.hidden = !document.querySelector(".area button");
  function fold(body, closed) {
    var button = body.querySelector(".area button");
    if (!button) { return; }
    body.classList.toggle("closed", closed);
    button.setAttribute("aria-expanded", String(!closed));
  }

  // Filters.
  function pressed(b) { return b && b.getAttribute("aria-pressed") === "true"; }
  function toggle(b) { b.setAttribute("aria-pressed", String(!pressed(b))); }
  function filter() {
    var words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    var wanted = chips.filter(pressed).map(function (b) { return b.dataset.verdict; });
    var active = words.length > 0 || wanted.length > 0 || pressed(differ), shown = 0;
    rows.forEach(function (row) {
      var verdicts = row.dataset.verdicts.split(" ");
      var ok = words.every(function (w) { return row.dataset.search.indexOf(w) >= 0; });
      ok = ok && (!wanted.length || verdicts.some(function (v) { return wanted.indexOf(v) >= 0; }));
      ok = ok && (!pressed(differ) || verdicts.some(function (v) { return v !== verdicts[0]; }) || row.querySelector(".absent") !== null);
      row.hidden = !ok;
      if (ok) { shown++; }
    });
    bodies.forEach(function (body) {
      body.hidden = !body.querySelector("tr.case:not([hidden])");
      fold(body, !active && !pressed(all));
    });
    document.querySelector(".empty").hidden = shown > 0;
    $("shown").textContent = active ? shown + " of " + rows.length + " cases" : "";
  }
  chips.concat(differ ? [differ] : []).forEach(function (b) { b.addEventListener("click", function () { toggle(b); filter(); }); });
  all.addEventListener("click", function () {
    toggle(all);
    all.textContent = pressed(all) ? "Fold what passes" : "Open all areas";
    filter();
  });
  find.addEventListener("input", filter);

  // A cell opens its case in the dialog. The content is moved there and back, so that each id exists once.
  function put() {
    if (!open) { return; }
    var body = slot.firstElementChild;
    Array.prototype.slice.call(body.querySelectorAll(".says"))
      .sort(function (a, b) { return Number(a.dataset.run) - Number(b.dataset.run); })
      .forEach(function (one) { one.classList.remove("chosen"); body.appendChild(one); });
    open.appendChild(body);
    open = null;
  }
  function show(key, target) {
    var home = $(key);
    if (!home || !home.classList.contains("one")) { return false; }
    put();
    open = home;
    slot.appendChild(home.querySelector(".body"));
    if (!dialog.open) { from = document.activeElement; dialog.showModal(); }
    var list = visible(), at = index(list, key);
    $("position").textContent = at < 0 ? "" : (at + 1) + " of " + list.length;
    dialog.setAttribute("aria-label", home.querySelector("summary").textContent);
    var says = target && $(target), first = slot.querySelector(".says");
    if (says && says !== first && says.classList.contains("says")) { first.parentNode.insertBefore(says, first); }
    if (says && says.classList.contains("says")) { says.classList.add("chosen"); }
    slot.querySelector("h3").focus({ preventScroll: true });
    slot.scrollTop = 0;
    history.replaceState(null, "", "#" + (target || key + "in"));
    return true;
  }
  function visible() {
    return rows.filter(function (row) { return row.offsetParent !== null; });
  }
  function index(list, key) {
    return list.findIndex(function (row) { return row.dataset.case === key; });
  }
  function step(by) {
    var list = visible(), at = index(list, open.id);
    var row = list[at < 0 ? 0 : at + by];
    if (row) { from = row.querySelector("a"); show(row.dataset.case); }
  }
  document.querySelector(".matrix").addEventListener("click", function (e) {
    var a = e.target.closest("a[href^='#']");
    if (a && !e.ctrlKey && !e.metaKey && !e.shiftKey && show(a.closest("tr").dataset.case, a.getAttribute("href").slice(1))) { e.preventDefault(); }
  });
  $("close").addEventListener("click", function () { dialog.close(); });
  $("previous").addEventListener("click", function () { step(-1); });
  $("next").addEventListener("click", function () { step(1); });
  dialog.addEventListener("click", function (e) { if (e.target === dialog) { dialog.close(); } });
  dialog.addEventListener("keydown", function (e) {
    if (e.altKey || e.ctrlKey || e.metaKey || e.target.closest(".bytes")) { return; }
    if (e.key === "ArrowLeft") { step(-1); }
    if (e.key === "ArrowRight") { step(1); }
  });
  dialog.addEventListener("close", function () {
    put();
    history.replaceState(null, "", location.pathname + location.search);
    if (from && from.focus) { from.focus(); }
  });
  document.addEventListener("keydown", function (e) {
    if (e.key === "/" && !dialog.open && document.activeElement !== find) { e.preventDefault(); find.focus(); }
  });
  function follow() {
    var m = /^#(c\d+)(?:in|r\d+)$/.exec(location.hash);
    if (m) { show(m[1], location.hash.slice(1)); }
  }
  window.addEventListener("hashchange", follow);
  filter();
  follow();
  window.addEventListener("load", function () { slot.scrollTop = 0; });
})();
