import type { EnvironmentVariable } from './local-code-build';

/** What Secrets Manager and the parameter store hold, as CodeBuild reads them for a build's variables. */
export class SecretStore {
  constructor(
    private readonly secrets: Readonly<Record<string, string | Record<string, string>>>,
    private readonly parameters: Readonly<Record<string, string>>,
  ) {}

  /**
   * The value of a variable, and whether the log must hide it.
   *
   * @throws Error where there is no such secret, field or parameter; CodeBuild fails the build before its first command
   */
  resolve({ name, value, type = 'PLAINTEXT' }: EnvironmentVariable): { value: string; secret: boolean } {
    switch (type) {
      case 'PLAINTEXT': return { value, secret: false };
      case 'PARAMETER_STORE': return { value: found(this.parameters[value], `parameter ${JSON.stringify(value)}`), secret: true };
      case 'SECRETS_MANAGER': return { value: this.secret(value), secret: true };
      default: throw new Error(`the variable ${name} has the unknown type ${JSON.stringify(type)}`);
    }
  }

  /** `<name or ARN>[:<field>[:<version stage>[:<version id>]]]` */
  private secret(reference: string): string {
    const parts = reference.split(':');
    const isArn = parts[0] === 'arn';
    const id = isArn ? parts[6] : parts[0];
    const field = parts[isArn ? 7 : 1];
    // An ARN ends in six random characters that no name has; one made from a name alone may lack them.
    const content = found(this.secrets[id] ?? this.secrets[id.replace(/-[A-Za-z0-9]{6}$/, '')], `secret ${JSON.stringify(id)}`);
    if (!field) return typeof content === 'string' ? content : JSON.stringify(content);
    return found(typeof content === 'string' ? undefined : content[field], `field ${JSON.stringify(field)} in the secret ${JSON.stringify(id)}`);
  }
}

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`there is no ${what}`);
  return value;
}
