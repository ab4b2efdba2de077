import type { CSSProperties } from "react";

/** The place of a frame: its shape, as wide as there is room, and never higher than the view. */
export function frameStyle(width: number, height: number): CSSProperties {
  return {
    aspectRatio: `${width} / ${height}`,
    width: `min(100%, calc(var(--frame-height) * ${width / height}))`,
  };
}
