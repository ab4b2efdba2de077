import type { ReactNode } from "react";

interface Props {
  readonly label: string;
  readonly className: string;
  readonly children: ReactNode;
}

/** A region of fixed height that scrolls, with the keyboard too. */
export function Scroll({ label, className, children }: Props) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: only so can keys scroll it
    <section className={className} aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
