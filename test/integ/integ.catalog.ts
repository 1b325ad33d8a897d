/** Lists of images outside of the template: a parameter, an object in a bucket, and a file of the app. */
import * as path from 'path';
import { RemovalPolicy } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { scenario, TEMPORARY } from './scenario';
import { ImageCatalog, ImageMirror, OnDeploy } from '../../src';

scenario('Catalog', (stack) => {
  const parameter = new ssm.StringListParameter(stack, 'List', { stringListValue: ['public.ecr.aws/nginx/nginx:stable'] });
  const bucket = new s3.Bucket(stack, 'Lists', { removalPolicy: RemovalPolicy.DESTROY });

  const mirror = new ImageMirror(stack, 'Mirror', { ...TEMPORARY, onDeploy: OnDeploy.OFF }); // the bucket is empty
  mirror.addCatalog('Platform', ImageCatalog.fromParameter(parameter));
  mirror.addCatalog('Teams', ImageCatalog.fromBucket(bucket, 'teams/images.yaml'), { shards: 2 });
  mirror.addCatalog('App', ImageCatalog.fromFile(path.join(__dirname, 'catalog.yaml')));
});
