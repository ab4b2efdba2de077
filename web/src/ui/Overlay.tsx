/** The canvas over the frame; drawn anew with every answer, at most once per screen refresh. */

import { useEffect, useRef } from "react";
import { drawOverlay } from "../media/overlay";
import { contained } from "../media/view";
import { overlayStyle } from "./overlayStyle";
import { usePage } from "./page";

export function Overlay({ mirror }: { readonly mirror: boolean }) {
  const { state, live, words } = usePage();
  const { settings } = state;
  const element = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const canvas = element.current;
    const context = canvas?.getContext("2d") ?? null;
    if (canvas === null || context === null) {
      return;
    }
    let pending: number | null = null;
    const draw = (): void => {
      pending = null;
      const ratio = globalThis.devicePixelRatio;
      const { clientWidth, clientHeight } = canvas;
      const [width, height] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
      if (canvas.width !== width || canvas.height !== height) {
        canvas.width = width;
        canvas.height = height;
      }
      context.clearRect(0, 0, width, height);
      if (live.answer !== null) {
        const view = contained(live.answer.row, canvas, mirror);
        drawOverlay(context, live.answer, view, overlayStyle(settings, words, ratio));
      }
    };
    const schedule = (): void => {
      pending ??= requestAnimationFrame(draw);
    };
    const stop = live.subscribe(schedule);
    const resize = new ResizeObserver(schedule);
    resize.observe(canvas);
    schedule();
    return () => {
      stop();
      resize.disconnect();
      if (pending !== null) {
        cancelAnimationFrame(pending);
      }
    };
  }, [live, settings, words, mirror]);
  return <canvas ref={element} className="overlay" />;
}
