/** Line icons of 24 units; decoration only, text stands beside them or in a label. */

const PATHS = {
  camera: ["M3 7.5h10.5a1.5 1.5 0 0 1 1.5 1.5v6a1.5 1.5 0 0 1-1.5 1.5H3z", "M15 11l6-3v8l-6-3"],
  picture: ["M4 5h16v14H4z", "M4 16l5-5 4 4 3-3 4 4", "M15.5 9.2v.1"],
  video: ["M4 5h16v14H4z", "M10 9l5 3-5 3z"],
  stop: ["M7 7h10v10H7z"],
  help: [
    "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
    "M9.6 9.4a2.5 2.5 0 1 1 3.4 2.4c-.7.3-1 .8-1 1.7",
    "M12 16.6v.1",
  ],
  faces: [
    "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
    "M9 10v.1M15 10v.1",
    "M8.5 14.2c2 2.2 5 2.2 7 0",
  ],
  auto: ["M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z", "M12 3v18", "M15 5v14M18 7.5v9"],
  light: [
    "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8z",
    "M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
  ],
  dark: ["M20 14.5A8.2 8.2 0 0 1 9.5 4a8.2 8.2 0 1 0 10.5 10.5z"],
  close: ["M6 6l12 12M18 6L6 18"],
  save: ["M12 4v11", "M7.5 11l4.5 4.5 4.5-4.5", "M5 20h14"],
  teach: ["M3.5 9.5L12 5.5l8.5 4-8.5 4z", "M7 11.3v4.2c2.8 2.3 7.2 2.3 10 0v-4.2", "M20.5 9.5v5"],
  check: ["M5 12.5l4.5 4.5L19 7.5"],
  trash: ["M5 7h14", "M9.5 7V4.5h5V7", "M7 7l1 12.5h8L17 7", "M10.3 10.5l.3 5.5M13.7 10.5l-.3 5.5"],
  copy: ["M9 9h10.5v10.5H9z", "M15 9V4.5H4.5V15H9"],
  undo: ["M8.5 5L4.5 9l4 4", "M5 9h9a5 5 0 0 1 0 10H9.5"],
  lock: ["M6 11h12v9H6z", "M8.5 11V8a3.5 3.5 0 0 1 7 0v3"],
  server: ["M4 5h16v6H4z", "M4 13h16v6H4z", "M7.5 8v.1M7.5 16v.1"],
  warning: ["M12 4l9 16H3z", "M12 10v4.5M12 17.2v.1"],
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {PATHS[name].map((path) => (
        <path key={path} d={path} />
      ))}
    </svg>
  );
}
