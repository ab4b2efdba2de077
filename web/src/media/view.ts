/** From pixels of a frame to pixels of the canvas over it. */

export interface View {
  readonly scale: number;
  readonly left: number;
  readonly top: number;
  /** Width of the frame on the canvas. */
  readonly width: number;
  readonly height: number;
  readonly mirror: boolean;
}

/** The view of a frame shown whole and centred, as `object-fit: contain` does. */
export function contained(
  frame: { readonly width: number; readonly height: number },
  canvas: { readonly width: number; readonly height: number },
  mirror: boolean,
): View {
  const scale = Math.min(canvas.width / frame.width, canvas.height / frame.height);
  const width = frame.width * scale;
  const height = frame.height * scale;
  return {
    scale,
    width,
    height,
    mirror,
    left: (canvas.width - width) / 2,
    top: (canvas.height - height) / 2,
  };
}

export function toCanvas(view: View, x: number, y: number): readonly [number, number] {
  const across = x * view.scale;
  return [view.left + (view.mirror ? view.width - across : across), view.top + y * view.scale];
}

/** Left, top, width and height on the canvas of a box x1 y1 x2 y2 of the frame. */
export function boxOnCanvas(
  view: View,
  box: readonly [number, number, number, number],
): readonly [number, number, number, number] {
  const [ax, ay] = toCanvas(view, box[0], box[1]);
  const [bx, by] = toCanvas(view, box[2], box[3]);
  return [Math.min(ax, bx), ay, Math.abs(bx - ax), by - ay];
}
