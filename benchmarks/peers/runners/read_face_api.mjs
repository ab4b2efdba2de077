// npm @vladmandic/face-api: SSD detector and its expression network, TensorFlow.js in WebAssembly.
import path from 'node:path';
import { crops, packages, require, serve, wasm } from './pipe.mjs';

const NAME = '@vladmandic/face-api';
const LABELS = {
  angry: 'angry',
  disgusted: 'disgust',
  fearful: 'fear',
  happy: 'happy',
  sad: 'sad',
  surprised: 'surprise',
  neutral: 'neutral',
};

const tf = require('@tensorflow/tfjs');
await wasm(tf);
const faceapi = require(`${NAME}/dist/face-api.node-wasm.js`);
const models = path.join(packages, NAME, 'model');
const { faceExpressionNet, ssdMobilenetv1 } = faceapi.nets;
await faceExpressionNet.loadFromDisk(models);
if (!crops) await ssdMobilenetv1.loadFromDisk(models);

const named = (values) =>
  Object.fromEntries(Object.entries(LABELS).map(([theirs, ours]) => [ours, values[theirs]]));

async function read(tensor) {
  if (crops) {
    return [{ probabilities: named(await faceExpressionNet.predictExpressions(tensor)) }];
  }
  const options = new faceapi.SsdMobilenetv1Options();
  const found = await faceapi.detectAllFaces(tensor, options).withFaceExpressions();
  return found.map(({ detection: { box }, expressions }) => ({
    probabilities: named(expressions),
    box: [box.x, box.y, box.x + box.width, box.y + box.height],
  }));
}

await serve(NAME, async ({ width, height, data }) => {
  const tensor = tf.tensor3d(data, [height, width, 3], 'int32');
  try {
    return await read(tensor);
  } finally {
    tensor.dispose();
  }
});
