/* Leaflet moves the map; what is on it is drawn here, on canvas. A sheet is as large as the window and a bit
   more, moves and scales with the map by itself, and is drawn anew when the map has come to rest. */
const Sheet = L.Renderer.extend({
  initialize(paint, padding) {
    L.Renderer.prototype.initialize.call(this, { padding });
    this._paint = paint;
  },
  _initContainer() { this._container = document.createElement("canvas"); },
  _destroyContainer() {
    this._container.remove();
    delete this._container;
  },
  _update() {
    if (this._map._animatingZoom && this._bounds) return;
    L.Renderer.prototype._update.call(this);
    L.DomUtil.setPosition(this._container, this._bounds.min);
    this.repaint();
  },
  repaint() {
    const size = this._bounds.getSize();
    this._paint(sized(this._container, size.x, size.y), size.x, size.y, this._view(size), sharpness());
  },
  _view(size) {
    const k = perDegree(this._map.getZoom());
    const corner = this._map.layerPointToLatLng(this._bounds.min);
    return {
      x: corner.lng - data.lon0 - x0 + size.x / 2 / k, y: mercator(corner.lat) - y0 - size.y / 2 / k, k,
    };
  },
  /* From a point of the map's window to this sheet, and from the sheet to the globe. */
  from(point) { return this._map.containerPointToLayerPoint(point).subtract(this._bounds.min); },
  latLng(x, y) { return this._map.layerPointToLatLng(this._bounds.min.add([x, y])); },
});

const sharpness = () => Math.min(window.devicePixelRatio || 1, 2);
function sized(canvas, width, height) {
  const ratio = sharpness();
  const w = Math.max(1, Math.round(width * ratio));
  const h = Math.max(1, Math.round(height * ratio));
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.width = width + "px";
    canvas.style.height = height + "px";
  }
  return canvas.getContext("2d");
}

// Pixels to a degree of longitude, and the zoom that gives them: Leaflet's world is 256 px wide at zoom 0
const perDegree = (zoom) => (256 * 2 ** zoom) / 360;
const zoomFor = (k) => Math.log2((k * 360) / 256);
const latLng = (x, y) => L.latLng(latitude(y + y0), x + x0 + data.lon0);
const boundsOf = (box) => L.latLngBounds(latLng(box[0], box[1]), latLng(box[2], box[3]));

function makeMap() {
  return L.map("map", {
    attributionControl: false, zoomControl: false, fadeAnimation: false, zoomSnap: 0.25, zoomDelta: 0.75,
    wheelPxPerZoomLevel: 100, maxZoom: 15, maxBounds: boundsOf([edge.l, edge.b, edge.r, edge.t]).pad(0.5),
    maxBoundsViscosity: 0.8,
  });
}
/* Degrees and scale at the edges of the window, whatever the map does; gives the function that draws them. */
function makeFurniture(map) {
  const canvas = document.createElement("canvas");
  map.createPane("furniture").append(canvas);
  return (colors) => {
    const size = map.getSize();
    const centre = map.getCenter();
    const view = { x: centre.lng - data.lon0 - x0, y: mercator(centre.lat) - y0, k: perDegree(map.getZoom()) };
    L.DomUtil.setPosition(canvas, map.containerPointToLayerPoint([0, 0]));
    furnish(sized(canvas, size.x, size.y), size.x, size.y, view, colors, sharpness());
  };
}
