/** A failure that the user can mend: what went wrong, and what to do about it. Printed without a stack trace. */
export class SetupError extends Error {
  /**
   * @param {string} message What, where, expected and got, in one sentence.
   * @param {string} remedy What to do, one remedy a line.
   */
  constructor(message, remedy) {
    super(message);
    this.name = "SetupError";
    this.remedy = remedy;
  }
}
