/** The platform from which something leaves. */
export function platform(_stop, planned) {
  return planned;
}
