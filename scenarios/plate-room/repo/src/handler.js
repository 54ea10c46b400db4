import { answer } from "./routes.js";
import { HttpError } from "./errors.js";

/** Entry point of the function. */
export async function handler({ path, query }, { db }) {
  try {
    return reply(200, answer(path, query ?? {}, db));
  } catch (error) {
    if (error instanceof HttpError) return reply(error.statusCode, { error: error.message });
    throw error;
  }
}

function reply(statusCode, body) {
  return { statusCode, body: JSON.stringify(body) };
}
