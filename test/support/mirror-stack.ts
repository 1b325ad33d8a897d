import { App, Stack, StackProps } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { TemplateResolver } from './template-resolver';
import { ImageMirror, ImageMirrorProps } from '../../src';

/** An app with a stack `Platform` that holds a mirror: what most tests of constructs begin with. */
export function mirrorStack(props: ImageMirrorProps = {}, stackProps: StackProps = {}) {
  const app = new App();
  const stack = new Stack(app, 'Platform', stackProps);
  return {
    app,
    stack,
    mirror: new ImageMirror(stack, 'Mirror', props),
    /** Synthesizes the stack; its template as CloudFormation resolves it. */
    deploy: () => new TemplateResolver(Template.fromStack(stack).toJSON()),
  };
}

/** The same, with a second stack for the workload that runs the mirror's images. */
export function mirrorAndWorkload(workload: string) {
  const { app, stack: platform, mirror } = mirrorStack();
  return { app, platform, mirror, stack: new Stack(app, workload) };
}
