/** One frame, one face of it, one label for what can be seen. */

import { useEffect, useRef } from "react";
import type { Still } from "../../app/teach";
import { cropPixels } from "../../media/facePicture";
import { CROP } from "../../vision/alignment";
import { Icon } from "../icons";
import { usePage } from "../page";
import { useTeaching } from "./context";
import { Frame } from "./Frame";
import { LabelButtons } from "./LabelButtons";
import { Progress } from "./Progress";
import { UnsentButtons } from "./TeachProblem";

export function Labelling() {
  const { words } = usePage();
  const teach = useTeaching();
  const { still, face, unsent, busy, failure } = teach.state;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []); // the form before it is gone
  const side = useRef<HTMLDivElement>(null);
  const standing = still?.id ?? null;
  useEffect(() => {
    if (standing !== null) {
      side.current?.scrollIntoView({ block: "nearest" }); // on a phone it is below the frame
    }
  }, [standing]);
  return (
    <div className="labelling">
      <div className="labelling-frame">
        <Frame />
      </div>
      <div className="labelling-side" ref={side}>
        <div className="labelling-face">
          <Crop still={still} face={face} />
          <div>
            <h3 ref={heading} tabIndex={-1}>
              {words.t("teach.which")}
            </h3>
            <p className="quiet">{words.t("teach.which.text")}</p>
          </div>
        </div>
        {unsent !== null && failure === null && (
          <div className="unsent" role="status">
            <p className="strong">
              {words.t(busy === "send" ? "teach.sending" : "teach.unsent", {
                label: words.label(unsent.label),
              })}
            </p>
            {busy !== "send" && (
              <div className="actions">
                <UnsentButtons />
              </div>
            )}
          </div>
        )}
        <LabelButtons />
      </div>
      <div className="labelling-foot">
        <Progress />
        <div className="actions">
          <button type="button" className="button" onClick={teach.end}>
            <Icon name="stop" />
            {words.t("teach.end")}
          </button>
        </div>
      </div>
    </div>
  );
}

/** What is kept of the chosen face, as large as it can be told. */
function Crop({ still, face }: { readonly still: Still | null; readonly face: number }) {
  const { words } = usePage();
  const element = useRef<HTMLCanvasElement>(null);
  const chosen = still?.answer.row.faces[face];
  useEffect(() => {
    const context = element.current?.getContext("2d") ?? null;
    if (still !== null && chosen !== undefined && context !== null) {
      context.putImageData(cropPixels(still.bitmap, still.answer.row, chosen), 0, 0);
    }
  }, [still, chosen]);
  if (chosen === undefined) {
    return <div className="crop crop-empty" aria-hidden="true" />;
  }
  return (
    <figure className="crop-figure">
      <canvas
        ref={element}
        className="crop"
        width={CROP}
        height={CROP}
        role="img"
        aria-label={words.t("teach.crop")}
      />
    </figure>
  );
}
