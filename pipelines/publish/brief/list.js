/* The list at work: finding in it, copying from it, and concluding on it. What is concluded stays on this page
   until it is saved as a file; nothing is sent anywhere. */
const incidents = [...document.querySelectorAll(".incident")];
const items = [...incidents, ...document.querySelectorAll(".vessel")];
const FEW = 10; // found: so many are read without opening them
let opened = []; // by what was asked for, until something else is
const words = new Map(items.map((item) => [item, item.textContent.toLowerCase()]));

function find() {
  const text = $("search").value.trim().toLowerCase();
  const kind = $("kind").value;
  const least = Number($("least").value);
  const fits = (one) => (!kind || one.dataset.kind === kind) && Number(one.dataset.score) >= least;
  const shown = new Set();
  const of = new Map(incidents.map((one) => [one.dataset.incident, one]));
  const named = new Set();
  for (const item of items) {
    const one = of.get(item.dataset.incident);
    if (one && fits(one) && words.get(item).includes(text)) named.add(item.dataset.incident);
  }
  for (const item of items) {
    const one = of.get(item.dataset.incident);
    item.hidden = one ? !named.has(item.dataset.incident) : Boolean(kind || least) || !words.get(item).includes(text);
    const rank = item.dataset.rank || item.dataset.lone;
    if (!item.hidden && rank) shown.add(Number(rank));
  }
  const all = !text && !kind && !least;
  state.shown = all ? null : shown;
  for (const fold of opened) fold.open = false;
  const found = all ? [] : items.filter((item) => !item.hidden);
  opened = found.length > FEW ? [] : found.map((item) => item.querySelector(".fold:not([open])")).filter(Boolean);
  for (const fold of opened) fold.open = true;
  $("found").textContent = all ? "" : named.size + " / " + incidents.length;
  redraw();
}
function go(rank, id) {
  choose(rank, true);
  const event = known.get(id);
  if (event) open(event, rank, false, true);
  else frame(rank);
}
function copied(button) {
  const was = button.textContent;
  button.textContent = button.dataset.copied;
  setTimeout(() => { button.textContent = was; }, 1500);
}
function copy(button) {
  const text = button.dataset.text;
  const byHand = () => { // where a browser gives no clipboard to pages that are files
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    copied(button);
  };
  if (navigator.clipboard) navigator.clipboard.writeText(text).then(() => copied(button), byHand);
  else byHand();
}
function concluded() {
  return incidents.flatMap((one) => {
    const [choice, reason] = one.querySelectorAll(".conclude select, .conclude input");
    if (!choice.value) return [];
    return [{ incident_id: one.dataset.incident, conclusion: choice.value, reason: reason.value.trim() }];
  });
}
function count() {
  const n = concluded().length;
  $("conclusions").hidden = !n;
  $("save").textContent = $("conclusions").dataset.save.replace("{n}", n);
}
function save() {
  const author = $("author").value.trim();
  const list = concluded();
  const lacking = !author ? $("author")
    : incidents.map((one) => one.querySelectorAll(".conclude select, .conclude input")).find(([c, r]) => c.value && !r.value.trim())?.[1];
  if (lacking) { reveal(lacking); lacking.focus(); return; }
  const file = { format: "selat-conclusions/1", run_id: $("conclusions").dataset.run, author, conclusions: list };
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(file, null, 1)], { type: "application/json" }));
  link.download = "conclusions-" + file.run_id.replace(/[^\w-]/g, "_") + ".json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
if (incidents.length) {
  document.querySelector(".find").hidden = false;
  for (const one of document.querySelectorAll(".conclude, .copy")) one.hidden = false;
  for (const id of ["search", "kind", "least"]) $(id).addEventListener("input", find);
  $("jump").addEventListener("change", () => {
    const rank = Number($("jump").value);
    $("jump").value = "";
    if (rank) go(rank, "");
  });
  $("list").addEventListener("click", (click) => {
    const link = click.target.closest(".incidents a");
    const button = click.target.closest(".copy");
    if (button) copy(button);
    if (!link) return;
    click.preventDefault();
    go(Number(link.dataset.rank), link.dataset.event);
  });
  document.querySelector(".incidents.all").addEventListener("input", count);
  $("save").addEventListener("click", save);
}
