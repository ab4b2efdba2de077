// The Node side of pipe.py: pictures from standard input, one JSON line for each on standard output.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';

export const LABELS = ['angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral'];

// Packages come from the folder in which the runner was started, the peer's environment.
export const packages = path.resolve('node_modules');
export const require = createRequire(path.resolve('package.json'));

// 'crops': the pictures are faces already; 'photos': faces have to be found.
export const crops = process.argv[2] === 'crops';

// Whatever a library prints would spoil the lines.
console.log = console.info = console.warn = console.error;

// The next `count` bytes of standard input; null at its end.
function bytes(count) {
  const buffer = Buffer.alloc(count);
  for (let have = 0; have < count; ) {
    const got = fs.readSync(0, buffer, have, count - have, null);
    if (!got) return null;
    have += got;
  }
  return buffer;
}

function picture() {
  const head = bytes(8);
  if (!head) return null;
  const [width, height] = [head.readUInt32LE(0), head.readUInt32LE(4)];
  const data = bytes(width * height * 3);
  return data && { width, height, data: new Uint8Array(data.buffer, data.byteOffset, data.length) };
}

// TensorFlow.js in WebAssembly, one thread, of the peer's own or of the shared package.
export async function wasm(tf) {
  const backend = require('@tensorflow/tfjs-backend-wasm');
  backend.setWasmPaths(path.join(packages, '@tensorflow/tfjs-backend-wasm/dist/'));
  backend.setThreadsCount(1);
  await tf.setBackend('wasm');
  await tf.ready();
}

const area = ({ box }) => (box ? (box[2] - box[0]) * (box[3] - box[1]) : 0);

// answer(picture) gives [{ probabilities, box }]; the largest face is reported, as in pipe.py.
export async function serve(name, answer) {
  const write = (line) => fs.writeSync(1, `${JSON.stringify(line)}\n`);
  const manifest = path.join(packages, name, 'package.json');
  write({ package: name, version: JSON.parse(fs.readFileSync(manifest, 'utf8')).version });
  let warm = false;
  for (let image = picture(); image; image = picture()) {
    try {
      if (!warm) await answer(image);
      warm = true;
      const [start, used] = [performance.now(), process.cpuUsage()];
      const found = await answer(image);
      const ms = performance.now() - start;
      const { user, system } = process.cpuUsage(used);
      const largest = found.reduce((a, b) => (a && area(a) >= area(b) ? a : b), null);
      const probabilities = largest?.probabilities ?? null;
      write({ faces: found.length, probabilities, ms, cpu_ms: (user + system) / 1e3 });
    } catch (error) {
      write({ error: String(error) });
    }
  }
}
