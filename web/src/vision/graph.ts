/** What the arithmetic asks of a runtime; ONNX Runtime Web behind it, or a fake in tests. */

/** A dense tensor in row-major order; the class of `data` is its type. */
export interface Tensor {
  readonly data: Uint8Array | Float32Array | BigInt64Array;
  readonly dims: readonly number[];
}

export interface Graph {
  /**
   * @param outputs Names of the outputs that are wanted.
   * @returns The wanted outputs by name; their data belong to the caller.
   */
  run(
    feeds: Readonly<Record<string, Tensor>>,
    outputs: readonly string[],
  ): Promise<Readonly<Record<string, Tensor>>>;
}

/** A picture: `3 width height` bytes, RGB, row by row. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export function pictureTensor({ data, width, height }: Picture): Tensor {
  return { data, dims: [height, width, 3] };
}

/** @throws TypeError If the tensor is not there or is no `(H, W, 3)` of bytes. */
export function pictureOf(tensor: Tensor | undefined): Picture {
  const [height, width, channels] = tensor?.dims ?? [];
  if (!(tensor?.data instanceof Uint8Array) || !height || !width || channels !== 3) {
    throw new TypeError(`expected a picture (H, W, 3) of bytes, got ${tensor?.dims}`);
  }
  return { data: tensor.data, width, height };
}

/** @throws TypeError If the tensor is not there or holds no float32. */
export function floatsOf(tensor: Tensor | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) {
    throw new TypeError(`expected float32, got ${tensor?.data.constructor.name}`);
  }
  return tensor.data;
}
