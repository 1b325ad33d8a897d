import { App } from 'aws-cdk-lib';
import { PlatformImages } from './platform-images';

const app = new App();
new PlatformImages(app, 'PlatformImages', { description: 'Public container images that the platform depends on, mirrored into Amazon ECR' });
app.synth();
