import { LAYERS } from "../ci/layers.js";
import { HttpError } from "./errors.js";

/** One set of settings out of layers: of what stands in several of them, the nearest counts. */
export function resolve(layers) {
  return Object.assign({}, ...layers);
}

/** The settings that a run of our CI gets. */
export function settings(run) {
  const layers = LAYERS[run];
  if (!layers) throw new HttpError(404, `there is no run ${run}`);
  return { run, ...resolve(layers) };
}
