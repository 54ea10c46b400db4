/** Something that the caller should hear about, with the HTTP status that says so. */
export class HttpError extends Error {
  constructor(statusCode, message) {
    super(message);
    this.statusCode = statusCode;
  }
}
