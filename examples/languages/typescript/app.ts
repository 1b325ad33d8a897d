import { App, Stack } from 'aws-cdk-lib';
import { FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { ImageMirror } from 'cdk-ecr-mirror';

const app = new App();

// The images that are mirrored once a day.
const platform = new Stack(app, 'PlatformImages');
const mirror = new ImageMirror(platform, 'Mirror', {
  images: ['nginx:stable', 'logstash:7.11.2', 'quay.io/prometheus/prometheus:v2.53.0'],
});

// A task that runs one of them.
const web = new Stack(app, 'WebService');
const task = new FargateTaskDefinition(web, 'Task');
task.addContainer('Web', { image: mirror.image('nginx:stable').toContainerImage() });

app.synth();
