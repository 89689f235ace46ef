// @ts-check
// Errors that are shown to the user. Callers need not catch them: main.js shows unhandled ones.

/** The API's code for a token that is missing, expired or invalid. */
export const UNAUTHORIZED = 10004;

/** The API's code for what does not exist. */
export const NOT_FOUND = 10007;

/** The codes of failures that stay: invalid arguments, what does not exist, what is forbidden. */
export const FINAL = new Set([10002, NOT_FOUND, 10008]);

/** An error whose message is written for users. */
export class Failure extends Error {
  /**
   * @param {string} message
   * @param {number} code the API's status code; 0 if the error is the client's own
   */
  constructor(message, code = 0) {
    super(message);
    this.code = code;
  }
}
