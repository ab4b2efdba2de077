/** A value that breaks a documented rule: what was expected, what came, what to do. */
export class InputError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "InputError";
  }
}
