import { Stack, StackProps } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { ImageMirror } from 'cdk-ecr-mirror';

/**
 * The public images that the workloads run on: the list of what is allowed.
 */
export class Images extends Stack {
  public readonly mirror: ImageMirror;

  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, props);
    this.mirror = new ImageMirror(this, 'Mirror', {
      images: [
        'nginx:stable',
        'fluent/fluent-bit:3.1.9',
        'python:3.13-slim',
        'public.ecr.aws/docker/library/golang:1.23',
        'public.ecr.aws/lambda/nodejs:22',
      ],
    });
  }
}
