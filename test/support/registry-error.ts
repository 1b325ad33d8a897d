/** A refusal in the form that the distribution specification gives it. Thrown anywhere in a registry, answered in one place. */
export class RegistryError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly headers: Record<string, string> = {},
    readonly detail?: unknown,
  ) {
    super(message);
    this.name = 'RegistryError';
  }

  /** The answer's body. */
  get body(): object {
    return { errors: [{ code: this.code, message: this.message, ...this.detail === undefined ? {} : { detail: this.detail } }] };
  }
}
