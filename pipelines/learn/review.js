"use strict";
const map = document.getElementById("map");
const box = map.viewBox.baseVal;
const unit = () => Math.max(box.width / map.clientWidth, box.height / map.clientHeight);
const at = event => {
  const point = new DOMPoint(event.clientX, event.clientY);
  return point.matrixTransform(map.getScreenCTM().inverse());
};
map.addEventListener("wheel", event => {
  event.preventDefault();
  const point = at(event), by = event.deltaY > 0 ? 1.25 : 0.8;
  box.x = point.x - (point.x - box.x) * by;
  box.y = point.y - (point.y - box.y) * by;
  box.width *= by;
  box.height *= by;
}, {passive: false});
map.addEventListener("pointermove", event => {
  if (event.buttons !== 1) return;
  box.x -= event.movementX * unit();
  box.y -= event.movementY * unit();
});
for (const link of document.querySelectorAll("a[data-id]")) link.addEventListener("click", event => {
  event.preventDefault();
  for (const chosen of map.querySelectorAll(".chosen")) chosen.classList.remove("chosen");
  const place = document.getElementById(link.dataset.id), bounds = place.getBBox();
  place.classList.add("chosen");
  const side = Math.max(bounds.width, bounds.height, 0.05) * 3;
  box.x = bounds.x + bounds.width / 2 - side / 2;
  box.y = bounds.y + bounds.height / 2 - side / 2;
  box.width = box.height = side;
  map.scrollIntoView();
});
