/**
 * The page's Content-Security-Policy for hosts that send none, such as a static export. The server's
 * own (src/mien/server/security.py) is the one source: the build reads it from there.
 */

import { readFileSync } from "node:fs";

const SECURITY = new URL("../src/mien/server/security.py", import.meta.url);

/** What a meta element cannot say (CSP Level 3, 3.3); browsers complain of it. */
const HEADER_ONLY = /^(frame-ancestors|report-uri|report-to|sandbox)\b/;

/** The policy of the server, from the text of its module. */
export function serverPolicy(python = readFileSync(SECURITY, "utf8")): readonly string[] {
  const lines = /^POLICY = "; "\.join\(\n {4}\(\n((?: {8}"[^"\n]+",\n)+) {4}\)\n\)$/m.exec(python);
  if (lines?.[1] === undefined) {
    throw new Error(
      "expected POLICY in src/mien/server/security.py as a join of lines; see policy.ts",
    );
  }
  return [...lines[1].matchAll(/"([^"]+)"/g)].map((found) => found[1] ?? "");
}

/** The page with the policy, which holds from where it stands: before everything that is fetched. */
export function withPolicy(html: string, policy = serverPolicy()): string {
  const charset = '<meta charset="utf-8" />';
  if (!html.includes(charset)) {
    throw new Error(`expected ${charset} in index.html, which the policy follows; see policy.ts`);
  }
  const held = policy.filter((directive) => !HEADER_ONLY.test(directive)).join("; ");
  return html.replace(
    charset,
    `${charset}\n    <meta http-equiv="Content-Security-Policy" content="${held}" />`,
  );
}
