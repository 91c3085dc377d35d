// The order of a module's functions. Deflate finds what repeats within 32 kB: functions that are alike, such as one
// generic function made for many types, have to stand near each other. The compiler puts them where it first met them.

const SIGNATURE = 128;
const SHINGLE = 4;

/** The module with names on its functions, by which `wasm-opt --reorder-functions-by-name` brings those together that are alike. */
export function withNames(module) {
  const { imported, bodies } = functionsOf(module);
  const places = chain(bodies.map(signature));
  const names = [];
  for (let n = 0; n < imported; n++) names.push([n, `i${n}`]);
  for (const [index, place] of places.entries()) names.push([imported + index, `f${String(place).padStart(6, "0")}`]);
  const map = [leb(names.length), ...names.map(([index, name]) => [...leb(index), ...text(name)])].flat();
  const content = [...text("name"), 1, ...leb(map.length), ...map];
  return Buffer.concat([module, Buffer.from([0, ...leb(content.length), ...content])]);
}

/** Each function's place: after each one the one that is most like it, of those that are left. */
function chain(signatures) {
  const places = signatures.map((_, index) => index);
  const rest = new Set(places);
  let current = 0;
  for (let place = 0; rest.size > 0; place++) {
    rest.delete(current);
    places[current] = place;
    let [best, most] = [current, -1];
    for (const other of rest) {
      const alike = likeness(signatures[current], signatures[other]);
      if (alike > most) [best, most] = [other, alike];
    }
    current = best;
  }
  return places;
}

function likeness(a, b) {
  let alike = 0;
  for (let n = 0; n < SIGNATURE; n++) if (a[n] === b[n]) alike++;
  return alike;
}

/** The least of each of several hashes over all runs of a few bytes: the share that two have in common is how alike they are. */
function signature(body) {
  const least = new Uint32Array(SIGNATURE).fill(0xffffffff);
  for (let at = 0; at + SHINGLE <= body.length; at++) {
    let hash = 0;
    for (let n = 0; n < SHINGLE; n++) hash = (Math.imul(hash, 31) + body[at + n] + 1) | 0;
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
    hash ^= hash >>> 13;
    for (let n = 0; n < SIGNATURE; n++) {
      const mixed = Math.imul(hash, Math.imul(n + 1, 0x9e3779b1) | 1) >>> 0;
      const value = (mixed ^ (mixed >>> 16)) >>> 0;
      if (value < least[n]) least[n] = value;
    }
  }
  return least;
}

/** How many functions are imported, and the bytes of each of its own. */
function functionsOf(module) {
  let at = 8;
  const number = () => {
    let [value, shift, byte] = [0, 0, 0];
    do {
      byte = module[at++];
      value += (byte & 127) * 2 ** shift;
      shift += 7;
    } while (byte > 127);
    return value;
  };
  let imported = 0;
  const bodies = [];
  while (at < module.length) {
    const [section, length] = [module[at++], number()];
    const end = at + length;
    if (section === 2) {
      for (let left = number(); left > 0; left--) {
        for (let name = 0; name < 2; name++) {
          const length = number();
          at += length;
        }
        if (module[at++] !== 0) throw new Error("the module imports something else than functions");
        number();
        imported++;
      }
    }
    if (section === 10) {
      for (let left = number(); left > 0; left--) {
        const size = number();
        bodies.push(module.subarray(at, at + size));
        at += size;
      }
    }
    at = end;
  }
  return { imported, bodies };
}

function leb(value) {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)];
}

const text = (value) => [...leb(value.length), ...Buffer.from(value, "latin1")];
