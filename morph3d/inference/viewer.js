/* The page of reconstructed faces: one at a time in 3D, with sliders that move it. Data are those that viewer.py packs. */
"use strict";

const DARK = .02;  // linear light, added to colors of which one divides the other

async function unpacked() {
  const text = atob(document.getElementById("data").textContent), packed = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) packed[i] = text.charCodeAt(i);  // Uint8Array.from takes a hundred times as long
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = await new Response(stream).arrayBuffer();
  const length = new DataView(bytes).getUint32(0, true);
  const contents = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  const kinds = {int16: Int16Array, uint8: Uint8Array, uint32: Uint32Array};
  const read = ({kind, offset, size, scale}) => {
    const stored = new kinds[kind](bytes.slice(4 + length + offset, 4 + length + offset + size * kinds[kind].BYTES_PER_ELEMENT));
    return scale ? new Float32Array(stored).map(value => value * scale) : stored;
  };
  const walk = part => Array.isArray(part) ? part.map(walk) : part?.kind ? read(part)
    : part && typeof part === "object" ? Object.fromEntries(Object.entries(part).map(([name, value]) => [name, walk(value)])) : part;
  return walk(contents);
}

function linear(encoded) {  // sRGB to linear light, IEC 61966-2-1
  return encoded <= .04045 ? encoded / 12.92 : ((encoded + .055) / 1.055) ** 2.4;
}

class Stage {  // what is drawn: a mesh, lights, a camera that turns around it
  constructor(place, triangles, atlas) {
    this.renderer = new THREE.WebGLRenderer({antialias: true, preserveDrawingBuffer: true});  // kept: pictures are taken of it
    this.renderer.outputEncoding = THREE.sRGBEncoding;
    this.renderer.setPixelRatio(window.devicePixelRatio);
    this.canvas = place.appendChild(this.renderer.domElement);
    Object.assign(this.canvas, {tabIndex: 0, role: "img", ariaLabel: "the face in 3D: arrow keys turn it, + and - zoom, 0 resets"});
    this.scene = new THREE.Scene();
    this.scene.background = new THREE.Color(0xf4f3f1);
    this.ambient = new THREE.HemisphereLight(0xffffff, 0xb0a89c, .55);
    this.lamp = new THREE.DirectionalLight(0xffffff, .6);
    // A vertex has one place in the texture: one of the face is drawn once for each that it has, with the normal of all of them.
    const corners = atlas ? atlas.corners : triangles;
    this.owners = new Uint32Array(corners.reduce((most, each) => Math.max(most, each), -1) + 1);
    corners.forEach((corner, i) => { this.owners[corner] = triangles[i]; });
    this.whole = new THREE.BufferGeometry();
    this.whole.setIndex(new THREE.BufferAttribute(triangles, 1));
    this.geometry = new THREE.BufferGeometry();
    this.geometry.setIndex(new THREE.BufferAttribute(corners, 1));
    if (atlas) this.geometry.setAttribute("uv", new THREE.BufferAttribute(atlas.uvs, 2));
    const both = {side: THREE.DoubleSide};
    this.looks = {
      Lit: new THREE.MeshStandardMaterial({vertexColors: true, roughness: .7, ...both}),
      Albedo: new THREE.MeshBasicMaterial({vertexColors: true, ...both}),
      Gray: new THREE.MeshStandardMaterial({color: 0xb0b0b0, roughness: .8, ...both}),
      Wireframe: new THREE.MeshBasicMaterial({color: 0x556677, wireframe: true}),
    };
    this.mesh = new THREE.Mesh(this.geometry, this.looks.Lit);
    this.head = new THREE.Group().add(this.mesh);  // which turns the mesh around its center
    this.scene.add(this.head, this.ambient, this.lamp);
    this.camera = new THREE.PerspectiveCamera(20, 1, 10, 10000);
    this.controls = new THREE.TrackballControls(this.camera, this.canvas);
    Object.assign(this.controls, {noPan: true, dynamicDampingFactor: .25});
    this.controls.addEventListener("change", () => this.draw());
    new ResizeObserver(() => this.resize(place)).observe(place);
    const turn = () => { this.controls.update(); requestAnimationFrame(turn); };
    turn();
  }

  resize(place) {
    const {clientWidth: width, clientHeight: height} = place;
    this.camera.aspect = width / Math.max(height, 1);
    this.camera.updateProjectionMatrix();
    this.renderer.setSize(width, height);
    this.controls.handleResize();
    this.controls.rotateSpeed = width / 240;  // as fast on a phone: half a degree a pixel
    this.draw();
  }

  frame() {  // looks at the face from the front, all of it in sight
    this.geometry.computeBoundingSphere();
    const {center, radius} = this.geometry.boundingSphere;
    this.mesh.position.copy(center).negate();
    this.controls.reset();
    this.camera.up.set(0, 1, 0);
    this.camera.position.set(0, 0, 1.1 * radius / Math.sin(Math.PI * this.camera.fov / 360));
    this.controls.target.set(0, 0, 0);
    this.controls.update();
    this.draw();
  }

  turn(right, down) {  // radians
    const axis = new THREE.Vector3(1, 0, 0).applyQuaternion(this.camera.quaternion);
    for (const [around, angle] of [[this.camera.up.clone().normalize(), -right], [axis, -down]]) {
      this.camera.position.applyAxisAngle(around, angle);
      this.camera.up.applyAxisAngle(around, angle);
    }
    this.controls.update();
    this.draw();
  }

  zoom(factor) {
    this.camera.position.divideScalar(factor);
    this.controls.update();
    this.draw();
  }

  light(degrees, brightness) {
    const angle = degrees * Math.PI / 180;
    this.lamp.position.set(Math.sin(angle), .5, Math.cos(angle));
    this.lamp.intensity = .6 * brightness;
    this.ambient.intensity = .55 * brightness;
    this.draw();
  }

  place(vertices, rotation, share) {  // where they are; turned by so much of a rotation, a quaternion
    this.whole.setAttribute("position", new THREE.BufferAttribute(vertices, 3));
    this.whole.computeVertexNormals();
    for (const name of ["position", "normal"]) this.set(name, this.whole.attributes[name].array);
    this.head.quaternion.identity().slerp(new THREE.Quaternion(...rotation), share);
    this.draw();
  }

  paint(colors, map) {  // colors of the vertices, by which those of a texture, if there is one, are multiplied
    this.set("color", colors);
    if (this.map !== map) {
      this.map?.dispose();  // from the graphics card, to which it comes back when it is drawn again
      for (const look of [this.looks.Lit, this.looks.Albedo]) Object.assign(look, {map, needsUpdate: true});
      this.map = map;
    }
    this.draw();
  }

  set(name, values) {
    const {owners, geometry} = this;
    if (!geometry.attributes[name]) geometry.setAttribute(name, new THREE.BufferAttribute(new Float32Array(3 * owners.length), 3));
    const {array} = geometry.attributes[name];
    owners.forEach((owner, i) => { for (let axis = 0; axis < 3; axis++) array[3 * i + axis] = values[3 * owner + axis]; });
    geometry.attributes[name].needsUpdate = true;
  }

  draw() {
    this.renderer.render(this.scene, this.camera);
  }
}

class Sliders {  // a slider for each name, and a look at what they say
  constructor(place, names, range, changed) {
    this.inputs = names.map(name => {
      const label = document.createElement("label"), input = document.createElement("input");
      Object.assign(input, {type: "range", min: range[0], max: range[1], step: "any", name});
      input.addEventListener("input", changed);
      label.className = "slider";
      label.append(name, input);
      place.append(label);
      return input;
    });
    place.parentElement.hidden = !names.length;
  }

  get values() { return this.inputs.map(input => Number(input.value)); }
  set values(values) { this.inputs.forEach((input, i) => { input.value = values[i]; }); }
}

function radios(place, name, values, chosen, changed) {  // one for each value, in place of those before
  place.querySelectorAll("label").forEach(label => label.remove());
  for (const value of values) {
    const label = document.createElement("label"), input = document.createElement("input");
    Object.assign(input, {type: "radio", name, value, checked: value === chosen});
    input.addEventListener("change", () => changed(value));
    label.append(input, value);
    place.append(label);
  }
}

async function main({triangles, atlas, blendshapes, shape_modes, texture_modes, faces}) {
  const place = name => document.getElementById(name), stage = new Stage(place("stage"), triangles, atlas);
  let face = faces[0], over;
  const numbers = (what, modes) => modes.map((_, i) => `${what} ${i + 1}`);
  const seen = new Sliders(place("seen"), ["Photo's expression", "Photo's pose"], [0, 1], reshape);
  const expression = new Sliders(place("blendshapes"), blendshapes.map(each => each.name), [0, 1], reshape);
  const shape = new Sliders(place("shape"), numbers("shape", shape_modes), [-3, 3], reshape);
  const texture = new Sliders(place("texture"), numbers("texture", texture_modes), [-3, 3], repaint);

  function reshape() {
    const vertices = face.vertices.slice(), weights = expression.values, [expressed, posed] = seen.values;
    const move = ({rows, moves}, weight) => {
      for (let i = 0; weight && i < rows.length; i++)
        for (let axis = 0; axis < 3; axis++) vertices[3 * rows[i] + axis] += weight * moves[3 * i + axis];
    };
    blendshapes.forEach((blendshape, number) => move(blendshape, weights[number]));
    add(vertices, shape_modes, shape.values, face.shape);
    if (face.fitted) move(face.fitted.moves, expressed);
    stage.place(vertices, face.fitted?.rotation ?? [0, 0, 0, 1], posed);
  }

  function repaint() {
    const own = Float32Array.from(face.colors, value => value / 255), colors = own.slice(), map = face.map ?? null;
    add(colors, texture_modes, texture.values, face.texture);
    const light = value => linear(Math.min(Math.max(value, 0), 1));
    stage.paint(colors.map((value, i) => map ? (light(value) + DARK) / (light(own[i]) + DARK) : light(value)), map);
  }

  function compare(name) {  // lays one of the pictures over the photo
    over = name;
    place("overlay").src = face.fitted.pictures[name];
  }

  function showPictures() {
    const {photo, ...overlays} = face.fitted?.pictures ?? {photo: face.photo}, names = Object.keys(overlays);
    place("photo").src = photo;
    document.querySelector("aside").classList.toggle("fitted", names.length > 0);
    if (!names.length) return;
    if (!names.includes(over)) over = names[0];
    radios(place("overlays"), "overlay", names, over, compare);
    compare(over);
  }

  function add(values, modes, wished, own) {
    modes.forEach((mode, number) => {
      const change = wished[number] - Math.min(Math.max(own[number], -3), 3);  // what lies beyond the slider's ends stays
      for (let i = 0; change && i < values.length; i++) values[i] += change * mode[i];
    });
  }

  async function show(chosen) {
    face = chosen;
    seen.values = [1, 0];
    expression.values = blendshapes.map(() => 0);
    shape.values = face.shape;
    texture.values = face.texture;
    showPictures();
    place("downloads").replaceChildren(...Object.entries(face.downloads).map(([label, href]) =>
      Object.assign(document.createElement("a"), {textContent: label, href, download: ""})));
    [...place("faces").children].forEach((button, i) => button.setAttribute("aria-pressed", faces[i] === face));
    reshape();
    repaint();
    stage.frame();
    if (face.map || !face.fitted?.texture) return;
    chosen.map = await new THREE.TextureLoader().loadAsync(chosen.fitted.texture);
    chosen.map.encoding = THREE.sRGBEncoding;
    if (face === chosen) repaint();
  }

  radios(place("look"), "look", Object.keys(stage.looks), "Lit", name => {
    stage.mesh.material = stage.looks[name];
    stage.draw();
  });
  for (const each of faces.length > 1 ? faces : []) {
    const button = document.createElement("button");
    button.append(Object.assign(document.createElement("img"), {src: each.photo, alt: ""}), each.name);
    button.addEventListener("click", () => show(each));
    place("faces").append(button);
  }
  const divide = () => place("pictures").style.setProperty("--at", `${place("divider").value}%`);
  place("divider").addEventListener("input", divide);
  divide();
  const relight = () => stage.light(Number(place("light").value), Number(place("brightness").value));
  for (const name of ["light", "brightness"]) place(name).addEventListener("input", relight);
  place("reset").addEventListener("click", () => show(face));
  const keys = {ArrowLeft: () => stage.turn(-.1, 0), ArrowRight: () => stage.turn(.1, 0), ArrowUp: () => stage.turn(0, -.1),
                ArrowDown: () => stage.turn(0, .1), "+": () => stage.zoom(1.1), "-": () => stage.zoom(1 / 1.1), "0": () => show(face)};
  stage.canvas.addEventListener("keydown", event => { if (keys[event.key]) { event.preventDefault(); keys[event.key](); } });
  relight();
  await show(face);
  document.documentElement.dataset.ready = "yes";
}

unpacked().then(main).catch(error => {
  document.getElementById("stage").textContent = `This browser cannot show the face: ${error.message}`;
  console.error(error);
});
