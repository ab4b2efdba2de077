/** How to fit the model to what is kept: two commands, and what they do. */

import { useState } from "react";
import { Icon } from "../icons";
import { usePage } from "../page";

const FIT = "mien teach default --data DIR --out me";
const SERVE = "mien serve --model me";

export function Fitting() {
  const { words } = usePage();
  return (
    <div className="fitting">
      <p className="lead">{words.t("teach.fit.text")}</p>
      <ol className="fitting-steps">
        <li>
          <p>{words.t("teach.fit.train")}</p>
          <Command line={FIT} />
          <p className="quiet">{words.t("teach.fit.names")}</p>
        </li>
        <li>
          <p>{words.t("teach.fit.serve")}</p>
          <Command line={SERVE} />
        </li>
      </ol>
      <p>{words.t("teach.fit.held")}</p>
      <p className="fitting-reach">
        <Icon name="warning" />
        {words.t("teach.fit.reach")}
      </p>
    </div>
  );
}

function Command({ line }: { readonly line: string }) {
  const { words } = usePage();
  const [copied, setCopied] = useState(false);
  const { clipboard } = navigator;
  const copy = async (): Promise<void> => {
    try {
      await clipboard.writeText(line);
      setCopied(true);
    } catch {
      setCopied(false); // the line can be marked by hand
    }
  };
  return (
    <div className="command">
      <code>{line}</code>
      {/* Browsers give the clipboard to secure addresses only. */}
      {clipboard !== undefined && (
        <button type="button" className="button" onClick={() => void copy()}>
          <Icon name={copied ? "check" : "copy"} />
          <span aria-live="polite">{words.t(copied ? "teach.copied" : "teach.copy")}</span>
        </button>
      )}
    </div>
  );
}
