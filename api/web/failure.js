// What went wrong, in words for people. Nobody has to catch it: main.js shows what nobody caught.

export const UNAUTHORIZED = 10004;

export class Failure extends Error {
  constructor(message, code = 0) {
    super(message);
    this.code = code;
  }
}
