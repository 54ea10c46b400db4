/** A reference as it stands in the database, such as `KX-0042`: capitals, a dash, four digits. */
export function reference(typed) {
  const [, letters, digits] = /^([A-Za-z]+)[ -]?(\d+)$/.exec(typed.trim()) ?? [];
  if (!letters) return typed;
  return `${letters}-${digits}`.toUpperCase();
}
