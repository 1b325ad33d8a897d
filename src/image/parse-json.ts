/** Parses JSON text from outside; undefined when it is not valid. The value can be of any type, so use `Object(...)` to read its fields. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
