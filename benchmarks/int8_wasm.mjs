// Logits of a bundle's graph on 48-pixel crops in WebAssembly: called by int8.py.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const SIDE = 48;
const [library, model, crops, out] = process.argv.slice(2);
const ort = await import(pathToFileURL(library));
ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(readFileSync(model));
const affine = new ort.Tensor("float32", Float32Array.of(24, 0, 23.5, 0, 24, 23.5), [1, 2, 3]);
const grey = readFileSync(crops);
const logits = [];
for (let at = 0; at < grey.length; at += SIDE * SIDE) {
  const rgb = new Uint8Array(3 * SIDE * SIDE);
  for (let i = 0; i < SIDE * SIDE; i++) rgb.fill(grey[at + i], 3 * i, 3 * i + 3);
  const image = new ort.Tensor("uint8", rgb, [SIDE, SIDE, 3]);
  const answer = await session.run({ image, affine }, ["logits"]);
  logits.push(...answer.logits.data);
}
writeFileSync(out, Float32Array.from(logits));
