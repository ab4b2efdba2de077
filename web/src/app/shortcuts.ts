/** Single-key shortcuts, as the help lists them. */

export const SHORTCUTS = {
  c: "camera",
  p: "file",
  v: "video",
  s: "stop",
  m: "mirror",
  h: "heat",
  l: "landmarks",
  a: "speech",
  e: "expressions",
  t: "teach",
  d: "theme",
  "?": "help",
} as const;

export type Action = (typeof SHORTCUTS)[keyof typeof SHORTCUTS];

/** The action of a key press; null where it belongs to a field or to the browser. */
export function actionOf(event: KeyboardEvent): Action | null {
  return isTyping(event)
    ? null
    : (SHORTCUTS[event.key.toLowerCase() as keyof typeof SHORTCUTS] ?? null);
}

/** Whether a key press belongs to a field, or to the browser. */
export function isTyping(event: KeyboardEvent): boolean {
  const { target } = event;
  const field = target instanceof HTMLElement && target.closest("input, select, textarea") !== null;
  return field || event.ctrlKey || event.metaKey || event.altKey || event.repeat;
}
