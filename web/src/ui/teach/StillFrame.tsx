/** A frame that stands still, with its faces to choose from. */

import { useEffect, useRef } from "react";
import type { Still } from "../../app/teach";
import { usePage } from "../page";
import { useTeaching } from "./context";
import { frameStyle } from "./frameStyle";

export function StillFrame({ still }: { readonly still: Still }) {
  const { words } = usePage();
  const teach = useTeaching();
  const element = useRef<HTMLCanvasElement>(null);
  const { bitmap, mirror } = still;
  const { width, height, faces } = still.answer.row;
  useEffect(() => {
    element.current?.getContext("2d")?.drawImage(bitmap, 0, 0);
  }, [bitmap]);
  return (
    <div className="teach-frame" style={frameStyle(width, height)}>
      <canvas
        ref={element}
        className={mirror ? "frame mirrored" : "frame"}
        width={width}
        height={height}
        role="img"
        aria-label={words.t("teach.still")}
      />
      {faces.map((face, index) => {
        const [x1, y1, x2, y2] = face.box;
        const left = mirror ? width - x2 : x1;
        const share = (value: number, of: number): string => `${(100 * value) / of}%`;
        return (
          // Keys choose by the buttons below the frame, which name the faces.
          <button
            key={face.box.join()}
            type="button"
            className="face-box"
            aria-hidden="true"
            tabIndex={-1}
            data-chosen={teach.state.face === index}
            style={{
              left: share(left, width),
              top: share(y1, height),
              width: share(x2 - x1, width),
              height: share(y2 - y1, height),
            }}
            onClick={() => teach.chooseFace(index)}
          >
            {faces.length > 1 && <span className="face-number">{words.number(index + 1)}</span>}
          </button>
        );
      })}
    </div>
  );
}
