import { useEffect } from "react";
import { isTyping } from "../../app/shortcuts";
import { usePage } from "../page";

/**
 * Act on single keys while a view is shown, unless the person has switched them off.
 *
 * @param pressed Whether the key, in lower case, was meant; else the browser has it.
 */
export function useKeys(pressed: (key: string) => boolean): void {
  const { shortcuts } = usePage().state.settings;
  useEffect(() => {
    if (!shortcuts) {
      return;
    }
    const act = (event: KeyboardEvent): void => {
      if (!isTyping(event) && pressed(event.key.toLowerCase())) {
        event.preventDefault();
      }
    };
    document.addEventListener("keydown", act);
    return () => document.removeEventListener("keydown", act);
  }, [shortcuts, pressed]);
}
