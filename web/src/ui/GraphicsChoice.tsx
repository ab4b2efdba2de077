import { graphicsFiles } from "../engine/graphicsFiles";
import type { GraphicsReport } from "../engine/types";
import type { Words } from "../texts/words";
import { usePage } from "./page";

/** The switch for the graphics card, where there may be one, and what came of it. */
export function GraphicsChoice() {
  const { state, dispatch, words } = usePage();
  const files = graphicsFiles();
  if (files === null) {
    return null;
  }
  const { settings, reader } = state;
  const report = reader.kind === "ready" ? reader.info.graphics : undefined;
  return (
    <div className="field">
      <label className="check">
        <input
          type="checkbox"
          checked={settings.graphics}
          onChange={(event) =>
            dispatch({ type: "settings", change: { graphics: event.target.checked } })
          }
        />
        {words.t("settings.graphics")}
      </label>
      <p className="quiet">
        {words.t("settings.graphics.text", { size: words.bytes(files.bytes) })}
      </p>
      <p role="status">{report === undefined ? "" : outcome(report, words)}</p>
    </div>
  );
}

/** Which of the two reads, and why, with the figures where both were measured. */
export function outcome(report: GraphicsReport, words: Words): string {
  const { reason, wasmMs, webgpuMs, difference, detail } = report;
  const ms = (value: number | null): string => words.number(value ?? 0, 1);
  switch (reason) {
    case "faster":
    case "forced":
      return words.t("graphics.faster", { wasm: ms(wasmMs), webgpu: ms(webgpuMs) });
    case "slower":
      return words.t("graphics.slower", { wasm: ms(wasmMs), webgpu: ms(webgpuMs) });
    case "different":
      return words.t("graphics.different", { difference: words.number(difference ?? 0, 4) });
    case "failed":
    case "lost":
      return words.t(`graphics.${reason}`, { detail });
    case "software":
    case "missing":
      return words.t(`graphics.${reason}`);
  }
}
