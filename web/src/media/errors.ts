/** Why a source gives nothing to read, by the names the texts have for it. */

export type CameraProblem =
  | "no-camera"
  | "camera-denied"
  | "camera-busy"
  | "camera-unplugged"
  | "insecure-origin";

export type FileProblem =
  | "picture-unreadable"
  | "picture-too-large"
  | "video-unplayable"
  | "file-unknown";

/** What the page throws itself when a source fails. */
export class SourceError extends Error {
  readonly problem: CameraProblem | FileProblem;

  constructor(problem: CameraProblem | FileProblem, message: string) {
    super(message);
    this.name = "SourceError";
    this.problem = problem;
  }
}
