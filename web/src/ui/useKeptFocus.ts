/** Keeps the focus in the page when the control that has it goes away (WCAG 2.4.3). */

import { useEffect, useRef } from "react";

/** Where the focus goes without a dialog, the first that there is: in the stage, then below it. */
const NEXT = [
  ".stage button:not(:disabled), .stage input:not(:disabled)",
  ".toolbar button:not(:disabled)",
] as const;

/**
 * After every drawing: if the control that had the focus was removed or disabled, and the focus fell
 * to the body, the next control has it. A page where nothing had the focus is left as it is.
 */
export function useKeptFocus(): void {
  const last = useRef<Element | null>(null);
  useEffect(() => {
    const focused = ({ target }: FocusEvent): void => {
      last.current = target instanceof Element ? target : null;
    };
    document.addEventListener("focusin", focused);
    return () => document.removeEventListener("focusin", focused);
  }, []);
  useEffect(() => {
    if (last.current !== null && !isAble(last.current) && !isAble(document.activeElement)) {
      const dialog = document.querySelector<HTMLElement>("dialog[open] h2");
      // A dialog stays where it was scrolled to: its heading is only the place to go on from.
      dialog?.focus({ preventScroll: true });
      if (dialog === null) {
        const next = NEXT.map((each) => document.querySelector<HTMLElement>(each));
        next.find((each) => each !== null)?.focus();
      }
    }
  });
}

/** Whether the element can have the focus; the body only has it where nothing else does. */
function isAble(element: Element | null): boolean {
  return (
    element?.isConnected === true && element !== document.body && !element.matches(":disabled")
  );
}
