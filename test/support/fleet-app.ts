import { App, AppProps } from 'aws-cdk-lib';
import { FleetTemplate } from '../../bench/synth/template-limits';

/** A synthesized stack. */
export interface SynthesizedStack {
  readonly name: string;
  readonly template: FleetTemplate;
  readonly bytes: number;
  /** The names of the stacks that are deployed before. */
  readonly dependencies: readonly string[];
}

/** Synthesizes an app without writing more than its templates; warnings are of no interest. */
export function synthesize(define: (app: App) => void, props: AppProps = {}): SynthesizedStack[] {
  const app = new App({ analyticsReporting: false, ...props });
  define(app);
  return app.synth().stacks.map((stack) => ({
    name: stack.stackName,
    template: stack.template,
    bytes: Buffer.byteLength(JSON.stringify(stack.template, undefined, 1)),
    dependencies: stack.dependencies.map(({ id }) => id).filter((id) => !id.endsWith('.assets')).sort(),
  }));
}

/** The resources of a type by their logical ids. */
export function resourcesOf({ template }: SynthesizedStack, type: string): Record<string, Record<string, any>> {
  const resources = Object.entries(template.Resources ?? {}).filter(([, { Type }]) => Type === type);
  return Object.fromEntries(resources.map(([id, { Properties }]) => [id, Properties ?? {}]));
}
