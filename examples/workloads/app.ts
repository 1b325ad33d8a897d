import { App, Aspects } from 'aws-cdk-lib';
import { Images } from './images';
import { addMirrorChecks, addWorkloadChecks } from './security-checks';
import { Workloads } from './workloads';
import { MirroredImagesAspect } from 'cdk-ecr-mirror';

const app = new App();
const images = new Images(app, 'Images', { description: 'Public container images that the workloads run on, mirrored into Amazon ECR' });
const workloads = new Workloads(app, 'Workloads', { mirror: images.mirror, description: 'A service, jobs, builds and a function on mirrored images' });

// What the workloads name themselves is the mirror's already; this is for what others write, and from now on nothing else is allowed.
Aspects.of(app).add(new MirroredImagesAspect({ mirrors: [images.mirror], enforce: true }));

addMirrorChecks(images);
addWorkloadChecks(workloads);
app.synth();
