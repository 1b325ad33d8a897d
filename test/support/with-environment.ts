/**
 * Restores the environment variables after each test of a file or of a `describe`.
 *
 * @param unset the variables that are removed before each test
 */
export function withEnvironment(unset?: RegExp): void {
  const original = { ...process.env };
  const remove = (unwanted: (name: string) => boolean) => {
    for (const name of Object.keys(process.env)) if (unwanted(name)) delete process.env[name];
  };
  beforeEach(() => remove((name) => unset?.test(name) ?? false));
  afterEach(() => {
    remove((name) => !(name in original));
    Object.assign(process.env, original);
  });
}
