/** What the source shows now, with a line around each face and no label, which might suggest one. */

import { useEffect, useRef } from "react";
import { boxOnCanvas, contained } from "../../media/view";
import { useLive, usePage } from "../page";
import { useTeaching } from "./context";
import { frameStyle } from "./frameStyle";

export function Viewfinder() {
  const { state, live, words } = usePage();
  const { elements } = useTeaching();
  useLive(live, 500);
  const canvas = useRef<HTMLCanvasElement>(null);
  const { source, settings } = state;
  const mirror = source.kind === "camera" && settings.mirror;
  const { width, height } = live.answer?.row ?? { width: 640, height: 480 };
  useEffect(() => {
    let pending: number | null = null;
    const draw = (): void => {
      pending = null;
      const video = elements.video.current;
      const context = canvas.current?.getContext("2d") ?? null;
      if (video === null || context === null || live.answer === null) {
        return;
      }
      const { row } = live.answer;
      context.save();
      if (mirror) {
        context.setTransform(-1, 0, 0, 1, context.canvas.width, 0);
      }
      context.drawImage(video, 0, 0, context.canvas.width, context.canvas.height);
      context.restore();
      context.lineWidth = Math.max(2, row.width / 240);
      context.strokeStyle = "#ffffff";
      for (const face of row.faces) {
        context.strokeRect(...boxOnCanvas(contained(row, context.canvas, mirror), face.box));
      }
    };
    const schedule = (): void => {
      pending ??= requestAnimationFrame(draw);
    };
    schedule();
    const stop = live.subscribe(schedule);
    return () => {
      stop();
      if (pending !== null) {
        cancelAnimationFrame(pending);
      }
    };
  }, [live, elements, mirror]);
  return (
    <div className="teach-frame" style={frameStyle(width, height)}>
      <canvas
        ref={canvas}
        className="frame"
        width={width}
        height={height}
        role="img"
        aria-label={words.t("teach.live")}
      />
      <p className="stage-note">{words.t(live.answer === null ? "stage.reading" : "teach.live")}</p>
    </div>
  );
}
