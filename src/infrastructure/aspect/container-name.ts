import { Token } from 'aws-cdk-lib';
import { quote } from '../../image/image-reference';

/** A container as messages name it: by its name, or by its place where that is not known. */
export function containerName(name: unknown, index: number = 0): string {
  return typeof name === 'string' && !Token.isUnresolved(name) ? `the container ${quote(name)}` : `container ${index + 1}`;
}
