/**
 * A modal dialog: the browser's own, which keeps the focus inside and closes on Escape. What had the
 * focus before has it again afterwards.
 */

import { type ReactNode, useEffect, useId, useRef } from "react";
import { Icon } from "./icons";
import { usePage } from "./page";

interface Props {
  readonly title: string;
  /** Null: it has no close button and Escape does nothing; its content closes it. */
  readonly onClose: (() => void) | null;
  readonly wide?: boolean;
  readonly children: ReactNode;
}

export function Dialog({ title, onClose, wide = false, children }: Props) {
  const { words } = usePage();
  const element = useRef<HTMLDialogElement>(null);
  const head = useRef<HTMLHeadingElement>(null);
  const heading = useId();
  useEffect(() => {
    const dialog = element.current;
    const opener = document.activeElement;
    dialog?.showModal();
    // Else the first field has the focus, which may be far below what is to be read first.
    head.current?.focus();
    return () => {
      dialog?.close();
      // The dialog has left the document by now, so that the browser gives no focus back itself.
      if (opener instanceof HTMLElement) {
        opener.focus();
      }
    };
  }, []);
  return (
    // A click on the backdrop is one on the dialog itself; Escape does the same for the keyboard.
    // biome-ignore lint/a11y/useKeyWithClickEvents: see above
    <dialog
      ref={element}
      className={wide ? "dialog dialog-wide" : "dialog"}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      onClick={(event) => {
        if (event.target === element.current) {
          onClose?.();
        }
      }}
    >
      <div className="dialog-body">
        <header className="dialog-head">
          <h2 id={heading} ref={head} tabIndex={-1}>
            {title}
          </h2>
          {onClose !== null && (
            <button
              type="button"
              className="button button-icon"
              aria-label={words.t("close")}
              onClick={onClose}
            >
              <Icon name="close" />
            </button>
          )}
        </header>
        {children}
      </div>
    </dialog>
  );
}
