/**
 * An image with a few lines of a Dockerfile on top, built from the mirror's unchanged copy, and the service that runs it.
 *
 * Synthesize it with `npx cdk synth --app 'npx tsx --tsconfig tsconfig.dev.json examples/customized-image.ts'`.
 */
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { CpuArchitecture, FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { ImageMirror } from 'cdk-ecr-mirror';

const app = new App();
const stack = new Stack(app, 'CustomizedImage');
const mirror = new ImageMirror(stack, 'Mirror');

// Built on a machine of each kind, and again whenever Vault 1.14 has a fix or a line changes.
const vault = mirror.addImage('hashicorp/vault:1.14', {
  dockerfileLines: ['RUN mkdir /etc/vault', 'VOLUME ["/etc/vault"]'],
  customPlatforms: [Platform.LINUX_AMD64, Platform.LINUX_ARM64],
});

// Other lines make another tag, so this task definition changes with them, and waits until the image is built.
const task = new FargateTaskDefinition(stack, 'Vault', { runtimePlatform: { cpuArchitecture: CpuArchitecture.ARM64 } });
task.addContainer('Vault', { image: vault.toContainerImage() });

new CfnOutput(stack, 'VaultImage', { value: vault.imageUri });
new CfnOutput(stack, 'UnchangedVaultImage', { value: vault.original.imageUri });
app.synth();
