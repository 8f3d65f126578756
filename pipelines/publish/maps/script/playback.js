/* The night as it went: a slider over the window, ships where they were at that moment, the way of the last two
   hours behind them. Where a vessel had been silent for long it stands hollow at its last report: nobody saw
   where it was. */
const SPAN_S = data.end_s - data.start_s;
const TRAIL_S = 7200;
const STEP_S = 300;

const voyages = tracks.map((t) => {
  const all = [].concat(...t.pieces);
  const begins = new Set();
  let n = 0;
  for (const piece of t.pieces) { begins.add(n); n += piece.length; }
  return { mmsi: t.mmsi, rank: t.rank, points: all, begins };
});

/* Where the slider begins: a night after a long silence is as long as that, and nothing was heard in it. */
const LONG_S = 43200;
const heard_s = Math.min(...voyages.flatMap((v) => v.points.find((p) => p.t >= 0) ?? []).map((p) => p.t));
const FIRST_S = heard_s > LONG_S && heard_s < SPAN_S ? heard_s - (heard_s % 60) : 0;

/* Index of the last point of a track no later than a moment; -1 where it had none yet. */
function lastBefore(list, t) {
  let low = -1;
  let high = list.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (list[middle].t <= t) low = middle; else high = middle - 1;
  }
  return low;
}
function whereAt(voyage, t) {
  const i = lastBefore(voyage.points, t);
  if (i < 0) return null;
  const a = voyage.points[i];
  const b = voyage.points[i + 1];
  if (!b || voyage.begins.has(i + 1)) return { i, x: a.x, y: a.y, heading: null, silent: t - a.t > data.silence_s };
  const f = (t - a.t) / Math.max(b.t - a.t, 1);
  const moves = Math.abs(b.x - a.x) + Math.abs(b.y - a.y) > 1e-7;
  const heading = moves ? Math.atan2(b.x - a.x, b.y - a.y) / RAD : null;
  return { i, x: a.x + f * (b.x - a.x), y: a.y + f * (b.y - a.y), heading, silent: false };
}

const MOVING_SPOTS = [[8, -9, "left"], [-8, -9, "right"], [8, 9, "left"], [-8, 9, "right"]];
/* Draw the moment, if one is to be seen; returns the marks of what goes on then. */
function drawMoment(ctx, w, h, v, c, ratio, s) {
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, w, h);
  if (!s.moment) return [];
  const t = s.moment.t;
  const [X, Y] = onSheet(v, w, h);
  ctx.lineJoin = ctx.lineCap = "round";
  const partners = companions.get(s.rank) || new Set();
  const chosen = mmsiOf.get(s.rank);
  const names = [];
  for (const voyage of voyages) {
    const here = whereAt(voyage, t);
    if (!here) continue;
    const own = voyage.mmsi === chosen;
    const color = own ? c.magenta : voyage.rank && !partners.has(voyage.mmsi) ? c.track : c.partner;
    const far = s.rank && !own && !partners.has(voyage.mmsi);
    ctx.globalAlpha = far ? 0.35 : 0.9;
    ctx.strokeStyle = color;
    ctx.lineWidth = own ? 2.4 : 1.6;
    ctx.beginPath();
    ctx.moveTo(X(here.x), Y(here.y));
    for (let i = here.i; i >= 0; i -= 1) {
      const p = voyage.points[i];
      const before = voyage.points[i + 1];
      if (p.t < t - TRAIL_S) {
        if (before && !voyage.begins.has(i + 1)) {
          const f = (t - TRAIL_S - p.t) / Math.max(before.t - p.t, 1);
          ctx.lineTo(X(p.x + f * (before.x - p.x)), Y(p.y + f * (before.y - p.y)));
        }
        break;
      }
      ctx.lineTo(X(p.x), Y(p.y));
      if (voyage.begins.has(i)) break;
    }
    ctx.stroke();
    if (here.silent) {
      ctx.globalAlpha = far ? 0.3 : 0.7;
      ctx.setLineDash([3, 2.5]);
      ctx.beginPath();
      ctx.arc(X(here.x), Y(here.y), 5, 0, TAU);
      ctx.stroke();
      ctx.setLineDash([]);
    } else ship(ctx, X(here.x), Y(here.y), here.heading, here.heading === null ? c.paper : color, color, 1.4);
    if (voyage.rank && !far) names.push({ rank: voyage.rank, own, x: X(here.x), y: Y(here.y) });
  }
  ctx.globalAlpha = 1;
  const now = events.filter((e) => e.begin_s <= t && (e.end_s === null || t <= e.end_s));
  const still = { ...s, moment: null };
  reachOf(ctx, v, c, X, Y, s);
  const marks = layOut(w, h, X, Y, still, now, barred(v, w, h, 0));
  for (const mark of marks) leader(ctx, mark, c);
  for (const mark of [...marks].reverse()) drawMark(ctx, mark, c, still);
  const taken = marks.map((m) => boxAt(m.sx, m.sy, 13));
  ctx.font = "600 10.5px system-ui, sans-serif";
  for (const n of names.sort((a, b) => b.own - a.own || a.rank - b.rank)) {
    nameAt(ctx, taken, numberOf(n.rank), n.x, n.y, MOVING_SPOTS, n.own ? c.magenta : c.ink, c);
  }
  return marks;
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const two = (n) => String(n).padStart(2, "0");
function clock(t, minutes) {
  const d = new Date((data.start_s + t + minutes * 60) * 1000);
  return two(d.getUTCDate()) + " " + MONTHS[d.getUTCMonth()] + " " + two(d.getUTCHours()) + ":" + two(d.getUTCMinutes());
}

/* Where playing begins: an hour before what is chosen, or the one thing that the map is about; two nights of a boat at
   its berth are long to watch. */
const LEAD_IN_S = 3600;
function opening(s) {
  const main = events.filter((e) => e.main && (!s.rank || e.ranks.includes(s.rank)));
  const one = s.event || (main.length === 1 ? main[0] : null);
  return one ? Math.max(one.begin_s - LEAD_IN_S, FIRST_S) : FIRST_S;
}

/* The slider and its buttons; `show` is called whenever another moment is to be seen. At its right end the
   slider shows the whole window, as if nothing played. */
function makePlayer(state, show) {
  const slider = $("time");
  const button = $("play");
  const speed = $("speed");
  let before = 0;
  let said = 0;
  let playing = false;
  slider.min = String(FIRST_S);
  slider.max = String(SPAN_S);
  slider.step = "60";
  function say() {
    const t = state.moment ? state.moment.t : SPAN_S;
    slider.value = String(Math.round(t));
    const text = clock(t, 0) + " UTC · " + clock(t, MYT_MINUTES) + " MYT";
    $("clock").textContent = text;
    slider.setAttribute("aria-valuetext", text);
    button.setAttribute("aria-label", playing ? button.dataset.pause : button.dataset.play);
    button.querySelector("use").setAttribute("href", playing ? "#i-pause" : "#i-play");
    $("whole").disabled = !state.moment;
  }
  function go(t) {
    const was = Boolean(state.moment);
    state.moment = t >= SPAN_S ? null : { t: Math.max(t, FIRST_S) };
    if (!state.moment) playing = false;
    // Nobody reads a clock more often than that, and words cost more than ships
    if (!playing || performance.now() - said > 100) {
      said = performance.now();
      say();
    }
    show(was !== Boolean(state.moment));
  }
  function tick(now) {
    if (!playing) return;
    // A page that was in the background doesn't leap
    const passed = Math.min((now - before) / 1000, 0.25);
    before = now;
    go(state.moment.t + passed * Number(speed.value));
    requestAnimationFrame(tick);
  }
  function toggle() {
    playing = !playing;
    if (playing) {
      if (!state.moment) go(opening(state));
      before = performance.now();
      requestAnimationFrame(tick);
    }
    say();
  }
  function step(by) {
    go((state.moment ? state.moment.t : SPAN_S) + by);
  }
  function faster(by) {
    speed.selectedIndex = Math.min(Math.max(speed.selectedIndex + by, 0), speed.options.length - 1);
  }
  slider.addEventListener("input", () => go(Number(slider.value)));
  button.addEventListener("click", toggle);
  $("whole").addEventListener("click", () => go(SPAN_S));
  say();
  return { go, toggle, step, faster };
}
