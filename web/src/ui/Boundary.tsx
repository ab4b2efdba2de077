/** What stands in place of the page when drawing it fails: the trouble, and a way to reload. */

import { Component, type ReactNode } from "react";
import { type Failure, failureOf } from "../app/problems";
import { browserStorage, loadSettings } from "../app/settings";
import { troubleOf } from "../engine/trouble";
import { wordsOf } from "../texts/words";
import { ProblemCard, ReloadButton } from "./ProblemPanel";

interface Props {
  readonly children: ReactNode;
}

export class Boundary extends Component<Props, { readonly failure: Failure | null }> {
  override state = { failure: null };

  static getDerivedStateFromError(error: unknown): { readonly failure: Failure } {
    return { failure: failureOf(troubleOf(error, "defect")) };
  }

  override render(): ReactNode {
    const { failure } = this.state;
    if (failure === null) {
      return this.props.children;
    }
    const words = wordsOf(loadSettings(browserStorage(), navigator.languages).language);
    return (
      <main className="stage-panel">
        <ProblemCard failure={failure} words={words}>
          <div className="actions">
            <ReloadButton words={words} />
          </div>
        </ProblemCard>
      </main>
    );
  }
}
