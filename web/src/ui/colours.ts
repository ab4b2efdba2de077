/** Colours of the expressions, after Okabe and Ito (2008): apart for all kinds of colour vision. */

const COLOURS: Readonly<Record<string, readonly [light: string, dark: string]>> = {
  angry: ["#c24a00", "#ff8a4c"],
  disgust: ["#007a58", "#2fc79a"],
  fear: ["#a5477e", "#e79cc4"],
  anxious: ["#a5477e", "#e79cc4"],
  happy: ["#a86b00", "#f5b53d"],
  sad: ["#0b5c9e", "#6ba8ea"],
  surprise: ["#1f7fb5", "#7fd0ff"],
  neutral: ["#69727d", "#a7b0bb"],
  contempt: ["#7a6a00", "#e6d84a"],
};
const OTHER = ["#4b5563", "#cbd5e1"] as const;

/** The bright form stands on dark ground and on pictures, the other on light ground. */
export function colourOf(label: string, ground: "light" | "dark"): string {
  const pair = COLOURS[label] ?? OTHER;
  return ground === "light" ? pair[0] : pair[1];
}
