/** Line faces of the expressions, drawn from the action units that make them. */

interface Face {
  readonly brows: readonly string[];
  readonly eyes: "open" | "wide" | "smiling" | "narrow" | "low";
  readonly mouth: string;
  /** Whether the mouth is open, so that it is filled. */
  readonly open?: boolean;
  /** Furrows and folds, thinner. */
  readonly folds?: readonly string[];
}

const FACES: Readonly<Record<string, Face>> = {
  neutral: {
    brows: ["M24 36q9-5 18-1", "M58 35q9-4 18 1"],
    eyes: "open",
    mouth: "M37 72h26",
  },
  happy: {
    brows: ["M24 33q9-6 18-2", "M58 31q9-4 18 2"],
    eyes: "smiling",
    mouth: "M29 63q21 6 42 0q-4 20-21 20t-21-20z",
    open: true,
    folds: ["M18 45l-6-3M18 50h-6", "M82 45l6-3M82 50h6", "M24 60q-3 4-1 8", "M76 60q3 4 1 8"],
  },
  sad: {
    brows: ["M23 39q9-2 18-10", "M59 29q9 8 18 10"],
    eyes: "low",
    mouth: "M35 77q15-13 30 0",
    folds: ["M45 26q5-3 10 0", "M32 80l-2 4", "M68 80l2 4"],
  },
  angry: {
    brows: ["M23 31l21 10", "M77 31l-21 10"],
    eyes: "narrow",
    mouth: "M35 74q15-5 30 0",
    folds: ["M47 33v8M53 33v8", "M38 80q12-3 24 0"],
  },
  surprise: {
    brows: ["M22 27q10-11 20-2", "M58 25q10-9 20 2"],
    eyes: "wide",
    mouth: "M50 62c10 0 11 8 11 13s-3 11-11 11-11-6-11-11 1-13 11-13z",
    open: true,
    folds: ["M36 14q14-4 28 0"],
  },
  fear: {
    brows: ["M22 30q11-1 20-7", "M58 23q9 6 20 7"],
    eyes: "wide",
    mouth: "M29 70q21-7 42 0l-3 10q-18-5-36 0z",
    open: true,
    folds: ["M42 16q8-3 16 0", "M45 22q5-2 10 0", "M26 67l-4 4M74 67l4 4"],
  },
  disgust: {
    brows: ["M23 36q10 0 20 4", "M57 40q10-4 20-4"],
    eyes: "narrow",
    mouth: "M33 77q5-11 17-9 12-2 17 9-17-8-34 0z",
    open: true,
    folds: ["M45 46l-3 4M55 46l3 4M44 51l-2 4M56 51l2 4", "M38 56q-8 5-8 14", "M62 56q8 5 8 14"],
  },
  contempt: {
    brows: ["M24 36q9-4 18-1", "M58 34q9-5 18 0"],
    eyes: "open",
    mouth: "M37 74q14 0 26-8",
    folds: ["M67 60q4 5 0 11"],
  },
  anxious: {
    brows: ["M23 33q9 0 18-6", "M59 27q9 6 18 6"],
    eyes: "wide",
    mouth: "M34 73q5-4 10 0t11 0 11 0",
    folds: ["M44 22q6-3 12 0"],
  },
};

/** Whether there is a drawing for a label. */
export function isDrawn(label: string): boolean {
  return label in FACES;
}

export function FaceDrawing({ label }: { readonly label: string }) {
  const face = FACES[label];
  if (face === undefined) {
    return null;
  }
  return (
    <svg className="face-drawing" viewBox="0 0 100 100" aria-hidden="true" focusable="false">
      <path className="face-head" d="M50 4c26 0 41 17 41 44S73 97 50 97 9 75 9 48 24 4 50 4z" />
      {face.brows.map((path) => (
        <path key={path} className="face-brow" d={path} />
      ))}
      <Eye kind={face.eyes} x={33} />
      <Eye kind={face.eyes} x={67} />
      <path className="face-line" d="M50 48l-3 9h5" />
      <path className={face.open === true ? "face-mouth" : "face-line"} d={face.mouth} />
      {(face.folds ?? []).map((path) => (
        <path key={path} className="face-fold" d={path} />
      ))}
    </svg>
  );
}

function Eye({ kind, x }: { readonly kind: Face["eyes"]; readonly x: number }) {
  const left = x - 8;
  switch (kind) {
    case "smiling":
      return <path className="face-line" d={`M${left} 49q8-10 16 0`} />;
    case "narrow":
      return (
        <g>
          <path className="face-line" d={`M${left} 46h16`} />
          <path className="face-pupil" d={`M${x - 4} 46a4 4 0 0 0 8 0z`} />
          <path className="face-fold" d={`M${left + 1} 51q7 3 14 0`} />
        </g>
      );
    case "low":
      return (
        <g>
          <path className="face-line" d={`M${left} 47q8-3 16 0`} />
          <path className="face-pupil" d={`M${x - 4.5} 47a4.5 5 0 0 0 9 0z`} />
        </g>
      );
    case "wide":
      return (
        <g>
          <circle className="face-white" cx={x} cy={45} r={9} />
          <circle className="face-pupil" cx={x} cy={45} r={3.4} />
        </g>
      );
    case "open":
      return (
        <g>
          <path className="face-white" d={`M${left} 46q8-8 16 0q-8 7-16 0z`} />
          <circle className="face-pupil" cx={x} cy={45.6} r={3.4} />
        </g>
      );
  }
}
