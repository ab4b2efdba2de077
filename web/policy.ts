/**
 * The page's Content-Security-Policy for hosts that send none, such as a static export. It is the
 * server's own, from the file that both read.
 */

import policy from "../src/mien/server/static/policy.json" with { type: "json" };

/** What a meta element cannot say (CSP Level 3, 3.3); browsers complain of it. */
const HEADER_ONLY = /^(frame-ancestors|report-uri|report-to|sandbox)\b/;

/** The page with the policy, which holds from where it stands: before everything that is fetched. */
export function withPolicy(html: string): string {
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
