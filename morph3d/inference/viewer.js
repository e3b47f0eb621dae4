/* The page of reconstructed faces: one at a time in 3D, with sliders that move it. Data are those that viewer.py packs. */
"use strict";

async function unpacked() {
  const packed = Uint8Array.from(atob(document.getElementById("data").textContent), c => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = await new Response(stream).arrayBuffer();
  const length = new DataView(bytes).getUint32(0, true);
  const contents = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  const kinds = {int16: Int16Array, uint8: Uint8Array, uint32: Uint32Array};
  const read = ({kind, offset, size, scale}) => {
    const stored = new kinds[kind](bytes.slice(4 + length + offset, 4 + length + offset + size * kinds[kind].BYTES_PER_ELEMENT));
    return scale ? Float32Array.from(stored, value => value * scale) : stored;
  };
  const walk = part => Array.isArray(part) ? part.map(walk) : part?.kind ? read(part)
    : part && typeof part === "object" ? Object.fromEntries(Object.entries(part).map(([name, value]) => [name, walk(value)])) : part;
  return walk(contents);
}

function linear(encoded) {  // sRGB to linear light, IEC 61966-2-1
  return encoded <= .04045 ? encoded / 12.92 : ((encoded + .055) / 1.055) ** 2.4;
}

class Stage {  // what is drawn: a mesh, lights, a camera that turns around it
  constructor(place, triangles) {
    this.renderer = new THREE.WebGLRenderer({antialias: true, preserveDrawingBuffer: true});  // kept: pictures are taken of it
    this.renderer.outputEncoding = THREE.sRGBEncoding;
    this.renderer.setPixelRatio(window.devicePixelRatio);
    this.canvas = place.appendChild(this.renderer.domElement);
    Object.assign(this.canvas, {tabIndex: 0, role: "img", ariaLabel: "the face in 3D: arrow keys turn it, + and - zoom, 0 resets"});
    this.scene = new THREE.Scene();
    this.scene.background = new THREE.Color(0xf4f3f1);
    this.ambient = new THREE.HemisphereLight(0xffffff, 0xb0a89c, .55);
    this.lamp = new THREE.DirectionalLight(0xffffff, .6);
    this.geometry = new THREE.BufferGeometry();
    this.geometry.setIndex(new THREE.BufferAttribute(triangles, 1));
    const both = {side: THREE.DoubleSide};
    this.looks = {
      Lit: new THREE.MeshStandardMaterial({vertexColors: true, roughness: .7, ...both}),
      Albedo: new THREE.MeshBasicMaterial({vertexColors: true, ...both}),
      Gray: new THREE.MeshStandardMaterial({color: 0xb0b0b0, roughness: .8, ...both}),
      Wireframe: new THREE.MeshBasicMaterial({color: 0x556677, wireframe: true}),
    };
    this.mesh = new THREE.Mesh(this.geometry, this.looks.Lit);
    this.scene.add(this.mesh, this.ambient, this.lamp);
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
    this.mesh.rotation.set(0, 0, 0);
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

  set(name, values) {
    if (this.geometry.attributes[name]?.count !== values.length / 3)
      this.geometry.setAttribute(name, new THREE.BufferAttribute(new Float32Array(values.length), 3));
    this.geometry.attributes[name].array.set(values);
    this.geometry.attributes[name].needsUpdate = true;
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

function main({triangles, blendshapes, shape_modes, texture_modes, faces}) {
  const place = name => document.getElementById(name), stage = new Stage(place("stage"), triangles);
  let face = faces[0];
  const numbers = (what, modes) => modes.map((_, i) => `${what} ${i + 1}`);
  const expression = new Sliders(place("blendshapes"), blendshapes.map(each => each.name), [0, 1], reshape);
  const shape = new Sliders(place("shape"), numbers("shape", shape_modes), [-3, 3], reshape);
  const texture = new Sliders(place("texture"), numbers("texture", texture_modes), [-3, 3], repaint);

  function reshape() {
    const vertices = face.vertices.slice(), weights = expression.values;
    blendshapes.forEach(({rows, moves}, number) => {
      for (let i = 0; weights[number] && i < rows.length; i++)
        for (let axis = 0; axis < 3; axis++) vertices[3 * rows[i] + axis] += weights[number] * moves[3 * i + axis];
    });
    add(vertices, shape_modes, shape.values, face.shape);
    stage.set("position", vertices);
    stage.geometry.computeVertexNormals();
    stage.draw();
  }

  function repaint() {
    const colors = Float32Array.from(face.colors, value => value / 255);
    add(colors, texture_modes, texture.values, face.texture);
    stage.set("color", colors.map(value => linear(Math.min(Math.max(value, 0), 1))));
    stage.draw();
  }

  function add(values, modes, wished, own) {
    modes.forEach((mode, number) => {
      const change = wished[number] - Math.min(Math.max(own[number], -3), 3);  // what lies beyond the slider's ends stays
      for (let i = 0; change && i < values.length; i++) values[i] += change * mode[i];
    });
  }

  function show(chosen) {
    face = chosen;
    expression.values = blendshapes.map(() => 0);
    shape.values = face.shape;
    texture.values = face.texture;
    place("photo").src = face.photo;
    place("downloads").replaceChildren(...Object.entries(face.downloads).map(([label, href]) =>
      Object.assign(document.createElement("a"), {textContent: label, href, download: ""})));
    [...place("faces").children].forEach((button, i) => button.setAttribute("aria-pressed", faces[i] === face));
    reshape();
    repaint();
    stage.frame();
  }

  for (const name of Object.keys(stage.looks)) {
    const label = document.createElement("label"), input = document.createElement("input");
    Object.assign(input, {type: "radio", name: "look", value: name, checked: name === "Lit"});
    input.addEventListener("change", () => { stage.mesh.material = stage.looks[name]; stage.draw(); });
    label.append(input, name);
    place("look").append(label);
  }
  for (const each of faces.length > 1 ? faces : []) {
    const button = document.createElement("button");
    button.append(Object.assign(document.createElement("img"), {src: each.photo, alt: ""}), each.name);
    button.addEventListener("click", () => show(each));
    place("faces").append(button);
  }
  const relight = () => stage.light(Number(place("light").value), Number(place("brightness").value));
  for (const name of ["light", "brightness"]) place(name).addEventListener("input", relight);
  place("reset").addEventListener("click", () => show(face));
  const keys = {ArrowLeft: () => stage.turn(-.1, 0), ArrowRight: () => stage.turn(.1, 0), ArrowUp: () => stage.turn(0, -.1),
                ArrowDown: () => stage.turn(0, .1), "+": () => stage.zoom(1.1), "-": () => stage.zoom(1 / 1.1), "0": () => show(face)};
  stage.canvas.addEventListener("keydown", event => { if (keys[event.key]) { event.preventDefault(); keys[event.key](); } });
  relight();
  show(face);
  document.documentElement.dataset.ready = "yes";
}

unpacked().then(main).catch(error => {
  document.getElementById("stage").textContent = `This browser cannot show the face: ${error.message}`;
  console.error(error);
});
