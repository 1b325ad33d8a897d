import { App } from 'aws-cdk-lib';
import { PlatformImages } from './platform-images';
import { addSecurityChecks } from './security-checks';

const app = new App();
const stack = new PlatformImages(app, 'PlatformImages', {
  description: 'Public container images that the platform depends on, mirrored into Amazon ECR',
});
addSecurityChecks(stack);
app.synth();
