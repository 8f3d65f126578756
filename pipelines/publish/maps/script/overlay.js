/* What a page lays over the ground: areas, ways to follow, places with symbols. */
function regionsOf(ctx, c, unit, s) {
  for (const r of regions) {
    drawn(ctx, r.path, style.looks[r.look], c, unit, r.colour);
    if (r.key && r.key === s.region) drawn(ctx, r.path, { ...style.looks[r.look], width: 4, fill_opacity: 0 }, c, unit, "ink");
  }
}
function waysOf(ctx, c, unit) {
  for (const w of ways) drawn(ctx, w.path, style.looks[w.look], c, unit, w.colour);
}
const pointsShown = (s) => places.filter((p) => !(s.group && p.group && p.group !== s.group));
function pointNames(ctx, c, X, Y, taken, s) {
  ctx.font = "11px system-ui, sans-serif";
  for (const p of pointsShown(s)) if (p.symbol === "base") nameAt(ctx, taken, p.text, X(p.x), Y(p.y), SPOTS, c.ink, c);
}
function pointsOf(ctx, c, X, Y, s) {
  ctx.textBaseline = "middle";
  for (const p of pointsShown(s)) {
    const x = X(p.x);
    const y = Y(p.y);
    ctx.fillStyle = ctx.strokeStyle = c[p.colour];
    ctx.beginPath();
    if (p.symbol === "base") {
      ctx.moveTo(x, y - 7); ctx.lineTo(x + 6, y + 5); ctx.lineTo(x - 6, y + 5);
      ctx.fill();
    } else if (p.symbol === "ring") {
      ctx.arc(x, y, 4, 0, TAU);
      ctx.lineWidth = 1.2;
      ctx.stroke();
    } else {
      if (p.symbol === "square") ctx.rect(x - 8, y - 8, 16, 16);
      else ctx.arc(x, y, p.symbol === "dot" ? 4 : 9, 0, TAU);
      ctx.fill();
      ctx.fillStyle = c["on-unit"];
      ctx.font = "700 11px system-ui, sans-serif";
      ctx.textAlign = "center";
      ctx.fillText(p.text, x, y + 0.5);
    }
  }
}
