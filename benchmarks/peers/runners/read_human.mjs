// npm @vladmandic/human: BlazeFace, face mesh and its emotion network, TensorFlow.js in WebAssembly.
// For photos only what expressions need is switched on. Its API cuts probabilities to two decimals
// and at 0.99, so crops go to the same network with the same preprocessing, uncut.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { LABELS, crops, packages, require, serve, wasm } from './pipe.mjs';

const NAME = '@vladmandic/human';
const models = path.join(packages, NAME, 'models');
const tf = require('@tensorflow/tfjs');
await wasm(tf);

// What human's emotion step does: 64 x 64, grey by these weights, -1 to 1.
async function emotionNetwork() {
  const described = JSON.parse(fs.readFileSync(path.join(models, 'emotion.json'), 'utf8'));
  const weights = new Uint8Array(fs.readFileSync(path.join(models, 'emotion.bin')));
  const network = await tf.loadGraphModel(
    tf.io.fromMemory({
      modelTopology: described.modelTopology,
      format: described.format,
      weightSpecs: described.weightsManifest.flatMap((part) => part.weights),
      weightData: weights.buffer,
    }),
  );
  const grey = tf.tensor1d([0.2989, 0.587, 0.114]);
  return async ({ width, height, data }) => {
    const output = tf.tidy(() => {
      const rgb = tf.tensor4d(Float32Array.from(data), [1, height, width, 3]).div(255);
      const small = tf.image.resizeBilinear(rgb, [64, 64], false);
      return network.execute(small.mul(grey).sum(3, true).sub(0.5).mul(2));
    });
    const values = await output.data();
    output.dispose();
    return [{ probabilities: Object.fromEntries(LABELS.map((name, k) => [name, values[k]])) }];
  };
}

// Its build for Node fetches models, which Node refuses for files.
function filesByFetch() {
  const fetched = globalThis.fetch;
  globalThis.fetch = async (address, options) => {
    const url = String(address?.url ?? address);
    if (!url.startsWith('file:')) return fetched(address, options);
    const type = url.endsWith('.json') ? 'application/json' : 'application/octet-stream';
    return new Response(fs.readFileSync(fileURLToPath(url)), { headers: { 'content-type': type } });
  };
}

async function wholeHuman() {
  filesByFetch();
  const { Human } = require(path.join(packages, NAME, 'dist/human.node-wasm.js'));
  const off = { enabled: false };
  const everyTime = { skipFrames: 0, skipTime: 0 };
  const human = new Human({
    backend: 'wasm',
    modelBasePath: `file://${models}/`,
    wasmPath: path.join(packages, '@tensorflow/tfjs-backend-wasm/dist/'),
    debug: false,
    async: false,
    warmup: 'none',
    cacheModels: false,
    cacheSensitivity: 0,
    filter: off,
    gesture: off,
    body: off,
    hand: off,
    object: off,
    segmentation: off,
    face: {
      enabled: true,
      detector: { maxDetected: 10, ...everyTime },
      mesh: { enabled: true },
      attention: off,
      iris: off,
      description: off,
      antispoof: off,
      liveness: off,
      emotion: { enabled: true, minConfidence: 0, ...everyTime },
    },
  });
  await human.load();
  return async ({ width, height, data }) => {
    const tensor = human.tf.tensor(Float32Array.from(data), [height, width, 3], 'float32');
    const result = await human.detect(tensor);
    human.tf.dispose(tensor);
    if (result.error) throw new Error(result.error);
    return result.face.map(({ emotion, box: [x, y, w, h] }) => ({
      probabilities: Object.fromEntries((emotion ?? []).map((e) => [e.emotion, e.score])),
      box: [x, y, x + w, y + h],
    }));
  };
}

await serve(NAME, await (crops ? emotionNetwork() : wholeHuman()));
